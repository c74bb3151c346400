import Graph
import Language
import Operators
import TestSupport
import Testing

@Suite struct ReferencePageTests {
    @Test func theReferencePageIsFresh() throws {
        let observed = OperatorCatalog.standard.referencePage(activations: ActivationReference.table)
        try Golden.check(observed, Golden.root.appending(path: "generated/operators.md"))
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
