import Graph
import LoopNest
import Machine
import Operators
import TestSupport
import Testing

@testable import Compiler

/// Every operator of the catalog over its examples: fp64 reference = interpreter = machine code.
@Suite struct CatalogTests {
    @Test(arguments: OperatorCatalog.standard.operators) func machineCodeAgrees(_ operation: Operator) throws {
        for (number, example) in operation.examples.enumerated() {
            let builder = GraphBuilder(name: "\(operation.name), \(example.note)")
            var random = SplitMix(seed: number)
            var given = GivenTensors()
            let operands = example.signature.operands.enumerated().map { index, type in
                given.inputs["x\(index)"] = ReferenceTensor(
                    type.shape.extents!,
                    (0..<type.shape.elementCount!).map { _ in
                        switch example.values[index] {
                        case .normal: random.normal()
                        case .positive: Double(Float.random(in: 0.5...2, using: &random))
                        case .labels(let below): Double(Int.random(in: 0..<below, using: &random))
                        }
                    })
                return builder.input("x\(index)", type)
            }
            builder.output("result", try builder.append(operation, operands, example.signature.attributes))
            for target in [Target.host, .x86AVX2] {
                try expectAgreement(of: builder.finish(), given: given, seed: number, training: false, batch: 1, target: target)
            }
        }
    }
}
