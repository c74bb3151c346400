import Graph
import Language
import Operators
import TestSupport
import Testing

@Suite struct ReferencePageTests {
    @Test func theReferencePageIsFresh() throws {
        let page = Golden.folder("../../generated/operators.md", beside: #filePath).standardizedFileURL
        let observed = OperatorCatalog.standard.referencePage(activations: ActivationReference.table)
        #expect(try Golden.difference(observed, page) == nil)
    }

    @Test func everyActivationSaysWhatItIsGoodAndBadAt() {
        for activation in ActivationReference.all {
            let sentences = activation.documentation.split(separator: ".", omittingEmptySubsequences: true).count
            #expect(sentences >= 2 && activation.documentation.hasSuffix("."), "\(activation.name): \(activation.documentation)")
        }
        let names = Set(ActivationReference.all.map(\.name))
        for name in ["relu", "leaky_relu", "tanh", "sigmoid", "gelu", "swish", "mish"] { #expect(names.contains(name)) }
    }
}
