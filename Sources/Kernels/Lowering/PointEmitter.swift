import Graph
import LoopNest

/// Declares the buffers of a group's kernel and emits the values of nodes at points of an iteration space.
public final class PointEmitter {
    public let builder: KernelBuilder
    public let group: Group
    public private(set) var arguments: [KernelArgument] = []
    private var buffers: [Value: BufferID] = [:]

    public var graph: Graph { group.graph }
    var facts: GraphFacts { group.facts }

    /// Declares a buffer for every value in `reads`, then every one in `results`; values in the same memory share one.
    public init(_ builder: KernelBuilder, _ group: Group, reads: [Value]? = nil, results: [Value]? = nil) {
        self.builder = builder
        self.group = group
        let results = results ?? group.results
        let overwritten = Set(results.map { graph.storage(of: group.inPlace[$0] ?? $0).owner })
        for value in reads ?? group.reads { declare(value, overwritten.contains(graph.storage(of: value).owner) ? .readWrite : .read) }
        for value in results {
            if let shared = group.inPlace[value] { buffers[value] = buffers[shared]! } else { declare(value, .write) }
        }
    }

    /// Adds a parameter for the memory that holds a value, one for all values that it holds.
    private func declare(_ value: Value, _ access: Buffer.Access) {
        let owner = graph.storage(of: value).owner
        if let index = arguments.firstIndex(of: .value(owner)) {
            buffers[value] = BufferID(index)
            return
        }
        buffers[value] = builder.parameter(
            graph.bufferName(owner), graph.storedElement(of: owner), count: graph.storedCount(owner), access)
        arguments.append(.value(owner))
    }

    /// The buffer of a value that is read or written.
    public func buffer(_ value: Value) -> BufferID {
        guard let buffer = buffers[value] else { preconditionFailure("\(value) has no buffer in this kernel") }
        return buffer
    }

    /// Whether the value is loaded from memory here.
    func isStored(_ value: Value) -> Bool { buffers[value] != nil && !group.members.contains(value) }

    /// The value whose buffer holds `value` when a kernel begins: itself, or what it is a reshape of that moves nothing.
    func source(of value: Value) -> Value? {
        if group.members.contains(value) { return nil }
        if buffers[value] != nil { return value }
        guard facts.isAlias(value) else { return nil }
        return source(of: graph[value].operands[0])
    }

    /// Adds a parameter for a buffer of partial results.
    public func workspace(_ index: Int, _ element: StoredElement = .f32, count: Int, _ access: Buffer.Access) -> BufferID {
        arguments.append(.workspace(index))
        return builder.parameter("partial\(index)", element, count: count, access)
    }

    /// Adds a parameter for a buffer that the group's preparation fills.
    func prepared(_ index: Int, _ element: StoredElement = .f32, count: Int, _ access: Buffer.Access) -> BufferID {
        arguments.append(.prepared(index))
        return builder.parameter("prepared\(index)", element, count: count, access)
    }

    /// The elements of a stored value at a position: one an active lane along axis `lane`, or the same one in all lanes.
    public func load(_ value: Value, at position: [Position], lane: Int?, active: Index?) -> Register {
        let buffer = buffer(source(of: value) ?? value)
        let (offset, stride) = graph.storage(of: value).offset(of: position, lane: lane)
        switch stride {
        case nil: return builder.broadcast(buffer, offset)
        case 1?:
            // A blocked axis is padded with zeros up to whole blocks, so all lanes can be read.
            let padded = graph.layout(value).blockSize(of: lane!) % builder.lanes == 0
            return builder.load(buffer, offset, active: padded ? nil : active)
        case let stride?: return builder.define(.gather(buffer, offset, stride: stride, active: active))
        }
    }

    /// Writes a register to a value's place in memory; lanes from `active` on become the zeros of the padding, or stay untouched
    /// where the layout has none.
    public func store(_ register: Register, to value: Value, at position: [Position], lane: Int?, active: Index?) {
        let layout = graph.layout(value)
        let (offset, stride) = graph.storage(of: value).offset(of: position, lane: lane)
        switch stride {
        case nil: builder.store(buffer(value), offset, register, active: 1)
        case 1?:
            if layout.blockSize(of: lane!) % builder.lanes == 0 {
                let kept = active.map { builder.define(.keep(register, active: $0)) } ?? register
                builder.store(buffer(value), offset, kept)
            } else {
                builder.store(buffer(value), offset, register, active: active)
            }
        case let stride?: builder.scatter(buffer(value), offset, stride: stride, register, active: active)
        }
    }

    /// A point of an iteration space with the given extents.
    public func point(_ extents: [Int], at position: [Position], lane: Int?, active: Index? = nil) -> Point {
        Point(self, extents: extents, position: position, lane: lane, active: active)
    }

    /// A vector of neighbours in memory from element `flat` on, where all tensors of these extents lie alike.
    func point(_ extents: [Int], flat: Index, active: Index?) -> Point {
        Point(self, extents: extents, position: extents.map { _ in Position(0) }, lane: nil, active: active, flat: flat)
    }
}

extension Graph {
    /// A short name for a value's buffer: its input, parameter or output name, else its operation and number.
    public func bufferName(_ value: Value) -> String {
        switch self[value].kind {
        case .input(let name): name
        case .parameter(let parameter): parameter.name
        case .tensor: "tensor\(value.index)"
        case .constant: "constant\(value.index)"
        case .operation(let operation, _): "\(operation.name)\(value.index)"
        }
    }
}
