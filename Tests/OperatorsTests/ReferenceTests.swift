import Graph
import TestSupport
import Testing

@testable import Operators

/// The fast roads of the reference give the bits of the plain loops, whoever computes.
@Suite struct ReferenceTests {
    private static func tensor(_ extents: [Int], _ random: inout SplitMix) -> ReferenceTensor {
        ReferenceTensor(extents, (0..<extents.reduce(1, *)).map { _ in Double.random(in: -1...1, using: &random) })
    }

    private static let backwards = ReferenceWorkers { count, part in
        for number in (0..<count).reversed() { part(number) }
    }

    private static func type(_ extents: [Int]) -> TensorType { TensorType(.f32, Shape(extents)) }

    private static func bits(_ tensor: ReferenceTensor) -> [UInt64] { tensor.values.map(\.bitPattern) }

    /// Every contraction, reduction and window of the catalog's examples.
    @Test(arguments: ExampleCase.all) func formulasHaveTheBitsOfPlainLoops(_ item: ExampleCase) throws {
        var random = SplitMix(seed: 5)
        let graph = try item.graph().decomposed(mode: .inference)
        for value in graph.values {
            let operands = graph[value].operands.map { Self.tensor(graph[$0].type.shape.extents!, &random) }
            switch graph.lowering(of: value) {
            case .contraction(let formula)?, .reduction(let formula)?, .window(let formula)?:
                let plain = formula.evaluate(operands)
                for workers in [ReferenceWorkers.serial, Self.backwards] {
                    let fast = graph.lowering(of: value)!.evaluate(operands, extents: plain.extents, workers: workers)
                    #expect(Self.bits(fast) == Self.bits(plain), "\(value) of \(item)")
                }
            case .elementwise(let expression)?:
                let extents = graph[value].type.shape.extents!
                let fast = graph.lowering(of: value)!.evaluate(operands, extents: extents, workers: Self.backwards)
                var number = 0
                forEachPosition(extents) { position in
                    let arguments = operands.map { operand -> Double in
                        if operand.extents.isEmpty { return operand.values[0] }
                        if operand.extents.count == 1, extents.count > 1 {
                            return operand.values[operand.extents[0] == 1 ? 0 : position[1]]
                        }
                        return operand.element(inside: zip(position, operand.extents).map { $1 == 1 ? 0 : $0 })
                    }
                    let plain = expression.evaluate(arguments, coordinates: position, position: number)
                    #expect(plain.bitPattern == fast.values[number].bitPattern, "\(value) of \(item)")
                    number += 1
                }
            default: break
            }
        }
    }

    /// Convolutions with more lanes than are computed side by side, borders on all sides, dilations and divided positions.
    @Test(arguments: 0..<24) func convolutionsHaveTheBitsOfPlainLoops(seed: Int) throws {
        var random = SplitMix(seed: seed)
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let (channels, outputs, kernel) = (pick(1...5), pick(1...70), pick(1...3))
        let (height, width) = (pick(kernel...7), pick(kernel...9))
        let builder = GraphBuilder(name: "g")
        let image = builder.input("x", Self.type([pick(1...2), channels, height, width]))
        let operation: Operator = seed % 3 == 0 ? .convolutionTransposed : .convolution
        let weight = builder.input(
            "w", seed % 3 == 0 ? Self.type([channels, outputs, kernel, kernel]) : Self.type([outputs, channels, kernel, kernel]))
        let attributes: Attributes = [
            "channels": .integer(outputs), "kernel": .integer(kernel), "stride": .integer(pick(1...2)),
            "pad": .integer(pick(0...(kernel - 1))),
            "bias": .boolean(false),
        ]
        builder.output("y", builder.apply(operation, [image, weight], try operation.completing(attributes)))
        let graph = builder.finish().decomposed(mode: .inference)
        var contractions = 0
        for value in graph.values {
            guard case .contraction(let formula)? = graph.lowering(of: value) else { continue }
            contractions += 1
            let operands = graph[value].operands.map { Self.tensor(graph[$0].type.shape.extents!, &random) }
            #expect(ReferenceProducts(formula, operands) != nil)
            let plain = formula.evaluate(operands)
            let fast = graph.lowering(of: value)!.evaluate(operands, extents: plain.extents, workers: Self.backwards)
            #expect(fast.extents == plain.extents && Self.bits(fast) == Self.bits(plain))
        }
        #expect(contractions > 0)
    }

    /// Values are dropped once nothing reads them any more; what leaves is all there, and parameters are asked for once.
    @Test func parametersAreAskedForOnce() throws {
        let builder = GraphBuilder(name: "g")
        let x = builder.input("x", .f32(2, 3))
        let w = builder.parameter(Parameter("w", .weight, .ones), .f32(2, 3))
        let sum = builder.apply(.add, x, w)
        builder.output("sum", sum)
        builder.output("w", w)
        builder.output("twice", builder.apply(.add, sum, w))
        var asked: [String] = []
        let values = ReferenceTensor([2, 3], [1, 2, 3, 4, 5, 6])
        let result = ReferenceEvaluator().run(builder.finish(), inputs: ["x": values]) { parameter, extents in
            asked.append(parameter.name)
            return ReferenceTensor(extents, repeating: 1)
        }
        #expect(asked == ["w"])
        #expect(result.outputs["sum"]?.values == [2, 3, 4, 5, 6, 7] && result.outputs["twice"]?.values == [3, 4, 5, 6, 7, 8])
        #expect(result.outputs["w"]?.values == [1, 1, 1, 1, 1, 1])
    }
}
