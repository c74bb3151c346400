import Operators
import Graph
import Testing

@Suite struct ReferencePageTests {
    @Test func theReferencePageIsFresh() throws {
        try Golden.generated("operators.md").check(OperatorCatalog.standard.referencePage)
    }
}
