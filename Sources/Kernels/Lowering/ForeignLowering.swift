import Graph
import LoopNest

/// A call of a C function: a task a picture, on tensors that lie row by row.
struct ForeignLowering {
    private let group: Group
    private let value: Value
    private let call: ForeignCall

    /// Nil for groups that compute anything else.
    init?(_ group: Group) {
        guard let value = group.members.first, group.members.count == 1, case .foreign(let call)? = group.facts.lowering(of: value) else {
            return nil
        }
        (self.group, self.value, self.call) = (group, value, call)
    }

    func lower(lanes: Int) -> KernelCall {
        let graph = group.graph
        let operands = graph[value].operands.map { operand -> Value in
            guard let stored = group.stored(operand), graph.layout(operand) == .plain, graph[stored].place == nil,
                graph.storedElement(of: stored) == .f32
            else { preconditionFailure("\(operand) does not lie as a C function wants it") }
            return stored
        }
        var values: [Value] = []
        for operand in operands where !values.contains(operand) { values.append(operand) }
        var parameters = values.enumerated().map { Buffer("x\($0)", .f32, count: graph.storedCount($1), access: .read) }
        parameters.append(Buffer("result", .f32, count: graph.storedCount(value), access: .write))
        func count(_ array: ForeignCall.Array) -> Int { extents(array).reduce(1, *) }
        var arrays = zip(operands, call.inputs).map { operand, input in
            ArrayCall.Array(
                BufferID(values.firstIndex(of: operand)!), start: 0, step: input.isShared ? 0 : count(input), extents: extents(input))
        }
        let step = call.results.reduce(0) { $0 + count($1) }
        var start = 0
        for result in call.results {
            arrays.append(ArrayCall.Array(BufferID(values.count), start: start, step: step, extents: extents(result)))
            start += count(result)
        }
        let kernel = Kernel(
            name: group.kernelName(), lanes: lanes, taskCount: graph.extents(value)[0], parameters: parameters,
            call: ArrayCall(source: call.source, name: call.function, numbers: call.numbers, arrays: arrays))
        return KernelCall(kernel, (values + [value]).map(KernelArgument.value))
    }

    private func extents(_ array: ForeignCall.Array) -> [Int] {
        guard let extents = array.shape.extents else { preconditionFailure("the symbols of \(array.shape) are bound") }
        return extents
    }
}
