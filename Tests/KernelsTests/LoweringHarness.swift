import Graph
import Operators
import TestSupport
import Testing

@testable import Kernels
@testable import LoopNest

extension Layout {
    /// The elements of a row-major tensor as they are stored, the padding zero.
    func stored(_ tensor: ReferenceTensor) -> [Float] {
        let extents = tensor.extents
        // An offset is a sum of one part an axis.
        let parts = extents.indices.map { axis in
            (0..<extents[axis]).map { coordinate -> Int in
                var position = extents.map { _ in 0 }
                position[axis] = coordinate
                return offset(of: position, in: extents)
            }
        }
        let offsets = parts.reduce([0]) { offsets, part in offsets.flatMap { offset in part.map { offset + $0 } } }
        var result = [Float](repeating: 0, count: storedCount(extents))
        for (offset, value) in zip(offsets, tensor.values) { result[offset] = Float(value) }
        return result
    }
}

extension Target {
    static func preset(lanes: Int) -> Target { presets.first { $0.lanes == lanes }! }
}

extension LoweredGroup.Memory {
    /// What shows where it is read before it was written.
    var spoiled: KernelArray { KernelArray(element, numbers: [Double](repeating: element == .i32 ? -7777 : .nan, count: count)) }
}

/// Runs the kernels of a graph's groups in the interpreter and compares every stored value with the fp64 reference.
struct LoweringHarness {
    var graph: Graph
    var target: Target
    var lower: (Group, Target) -> LoweredGroup = { GeneralLowering.lower($0, target: $1) }
    var relativeTolerance = 2e-5
    /// Results that are written over values that their group reads.
    var inPlace: [Value: Value] = [:]

    /// Every operation in a group of its own; numbers that attributes give are computed in their readers.
    static func apart(_ graph: Graph) -> Graph {
        var graph = graph
        for value in graph.values where graph[value].operation != nil && !graph[value].operands.isEmpty { graph[value].group = value.index }
        return graph
    }

    func check(_ inputs: [String: ReferenceTensor], _ note: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        let expected = ReferenceEvaluator().values(of: graph, inputs: inputs)
        var memory: [Value: KernelArray] = [:]
        for value in graph.values where graph[value].inputName != nil || graph[value].tensor != nil {
            memory[value] = contents(value, expected[value.index])
        }
        for (number, var group) in Group.all(of: GraphFacts(graph)).enumerated() {
            group.inPlace = inPlace.filter { group.results.contains($0.key) }
            for result in group.results { memory[result] = group.inPlace[result].map { memory[$0]! } ?? garbage(result) }
            let lowered = lower(group, target)
            var workspaces = lowered.workspaces.map(\.spoiled)
            var prepared = lowered.prepared.map(\.spoiled)
            for call in lowered.preparation + lowered.calls {
                #expect(try KernelReader.read(call.kernel.description) == [call.kernel], sourceLocation: sourceLocation)
                var buffers = call.arguments.map { argument in
                    switch argument {
                    case .value(let value): memory[value]!
                    case .workspace(let index): workspaces[index]
                    case .prepared(let index): prepared[index]
                    }
                }
                try KernelInterpreter(order: .shuffled(seed: UInt64(number))).run(call.kernel, &buffers)
                for (argument, contents) in zip(call.arguments, buffers) {
                    switch argument {
                    case .value(let value): memory[value] = contents
                    case .workspace(let index): workspaces[index] = contents
                    case .prepared(let index): prepared[index] = contents
                    }
                }
            }
            for (result, read) in group.inPlace { memory[result] = memory[read]! }
            for result in group.results {
                compare(result, memory[result]!, expected[result.index], note, lowered, sourceLocation)
                // Later groups start from what the reference says, so that errors do not add up.
                memory[result] = contents(result, expected[result.index])
            }
        }
    }

    private func contents(_ value: Value, _ tensor: ReferenceTensor) -> KernelArray {
        let numbers = graph.layout(value).stored(tensor)
        return KernelArray(graph.storedElement(of: value), numbers: numbers.map(Double.init))
    }

    private func garbage(_ value: Value) -> KernelArray {
        LoweredGroup.Memory(graph.storedElement(of: value), count: graph.storedCount(value)).spoiled
    }

    private func compare(
        _ value: Value, _ array: KernelArray, _ expected: ReferenceTensor, _ note: String, _ lowered: LoweredGroup,
        _ sourceLocation: Testing.SourceLocation
    ) {
        let numbers = array.numbers
        let wanted = graph.layout(value).stored(expected).map(Double.init)
        let scale = expected.values.map(abs).filter(\.isFinite).max() ?? 0
        let wrong = numbers.indices.filter {
            !(abs(numbers[$0] - wanted[$0]) <= relativeTolerance * max(scale, 1e-3)) && numbers[$0] != wanted[$0]
                && !(numbers[$0].isNaN && wanted[$0].isNaN)
        }
        guard let first = wrong.first else { return }
        Issue.record(
            """
            \(note), \(target.lanes) lanes: \(wrong.count) of \(numbers.count) elements of \(value) = \(graph.bufferName(value))\
            \(graph.extents(value)) \(graph.layout(value)) differ, first element \(first): \(numbers[first]), not \(wanted[first])
            \(lowered.calls.map(\.kernel.description).joined())
            """, sourceLocation: sourceLocation)
    }
}

extension OperatorExample {
    /// Numbers for the operands, drawn as the example says and rounded to fp32.
    func operands(_ random: inout SeededGenerator) -> [ReferenceTensor] {
        zip(signature.operands, values).map { type, values in
            let extents = type.shape.extents!
            let numbers = (0..<extents.reduce(1, *)).map { _ -> Double in
                switch values {
                case .normal:
                    let sum = (0..<4).reduce(0.0) { total, _ in total + Double.random(in: -1...1, using: &random) }
                    return Double(Float(sum))
                case .positive: return Double(Float.random(in: 0.5...2, using: &random))
                case .labels(let below): return Double(random.number(0..<below))
                }
            }
            return ReferenceTensor(extents, numbers)
        }
    }

    /// A graph of this one use, written without composite operators.
    func graph(_ operation: Operator, mode: Mode) throws -> Graph {
        let builder = GraphBuilder(name: operation.name)
        let operands = signature.operands.enumerated().map { builder.input("x\($0)", $1) }
        builder.output("y", try builder.append(operation, operands, signature.attributes))
        return builder.finish().decomposed(mode: mode)
    }
}
