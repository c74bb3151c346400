import Graph

/// A position along one axis as `outer * split + inner` with `0 <= inner < split`: so that blocked offsets need no division.
public struct Position: Hashable, Sendable {
    public var outer: Index
    public var inner: Index
    public var split: Int

    public init(outer: Index, inner: Index = 0, split: Int) {
        self.outer = outer
        self.inner = inner
        self.split = split
    }

    public init(_ index: Index) { self.init(outer: index, split: 1) }

    public var index: Index { outer * split + inner }

    /// The number of the block of `size` positions, and the position within it.
    func divided(by size: Int) -> (block: Index, within: Index) {
        if size == split { return (outer, inner) }
        if size == 1 { return (index, 0) }
        return (index / size, index % size)
    }
}

extension Layout {
    /// The element offset of a position, and the distance from one position along `lane` to the next (nil if `lane` is nil).
    ///
    /// Lanes must not cross a block: along a blocked axis they start at a multiple of their number, which divides the block's size.
    func offset(of position: [Position], extents: [Int], lane: Int?) -> (offset: Index, laneStride: Int?) {
        let strides = storedStrides(extents)
        var offset: Index = 0
        var laneStride: Int?
        for axis in extents.indices {
            var rest = position[axis]
            for (number, block) in blocks.enumerated().reversed() where block.axis == axis {
                let (outer, within) = rest.divided(by: block.size)
                offset = offset + within * strides[extents.count + number]
                if axis == lane && laneStride == nil { laneStride = strides[extents.count + number] }
                rest = Position(outer)
            }
            offset = offset + rest.index * strides[axis]
            if axis == lane && laneStride == nil { laneStride = strides[axis] }
        }
        return (offset, laneStride)
    }
}

/// Declares the buffers of a group's kernel and emits the values of nodes at points of an iteration space.
public final class PointEmitter {
    public let builder: KernelBuilder
    public let group: Group
    public private(set) var arguments: [Argument] = []
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
            graph.bufferName(owner), graph[owner].type.element, count: graph.storedCount(owner), access)
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
    public func workspace(_ index: Int, count: Int, _ access: Buffer.Access) -> BufferID {
        arguments.append(.workspace(index))
        return builder.parameter("partial\(index)", count: count, access)
    }

    /// Adds a parameter for a buffer that the group's preparation fills.
    func prepared(_ index: Int, count: Int, _ access: Buffer.Access) -> BufferID {
        arguments.append(.prepared(index))
        return builder.parameter("prepared\(index)", count: count, access)
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
        let point = Point(self, extents: extents, position: extents.map { _ in Position(0) }, lane: nil, active: active)
        point.flat = flat
        return point
    }
}

extension Graph {
    /// A short name for a value's buffer: its input, parameter or output name, else its operation and number.
    public func bufferName(_ value: Value) -> String {
        switch self[value].kind {
        case .input(let name): name
        case .parameter(let parameter): parameter.name
        case .constant: "constant\(value.index)"
        case .operation(let operation, _): "\(operation.name)\(value.index)"
        }
    }
}

/// One point (or one vector of points along `lane`) of an iteration space: emits the values of nodes there, each once.
public final class Point {
    private let emitter: PointEmitter
    public let extents: [Int]
    public let position: [Position]
    public let lane: Int?
    /// The lanes that lie inside the extents, if not all do.
    public let active: Index?
    /// The offset of the first lane's element, in place of the position, where all tensors lie alike in memory.
    fileprivate var flat: Index?
    private var known: [Value: Register] = [:]
    private var projections: [[Int?]: Point] = [:]

    init(_ emitter: PointEmitter, extents: [Int], position: [Position], lane: Int?, active: Index?) {
        precondition(extents.count == position.count, "a point has one position an axis")
        self.emitter = emitter
        self.extents = extents
        self.position = position
        self.lane = lane
        self.active = active
    }

    /// Makes `register` the value of a node here: how a contraction's accumulator reaches its epilogue.
    public func set(_ value: Value, _ register: Register) { known[value] = register }

    /// The value of a node of this space (same extents, up to axes of extent 1), loaded or computed.
    public func value(_ value: Value) -> Register {
        if let register = known[value] { return register }
        let node = emitter.graph[value]
        let register: Register
        if let constant = node.constant {
            register = emitter.builder.constant(constant)
        } else if emitter.graph.extents(value) != extents {
            register = projected(to: emitter.graph.extents(value)).value(value)
        } else if let source = emitter.source(of: value) {
            register =
                flat.map { emitter.builder.load(emitter.buffer(source), $0, active: active) }
                ?? emitter.load(value, at: position, lane: lane, active: active)
        } else {
            register = computed(value)
        }
        known[value] = register
        return register
    }

    private func computed(_ value: Value) -> Register {
        let operands = emitter.graph[value].operands
        switch emitter.facts.lowering(of: value) {
        case .elementwise(let expression)?:
            return emitter.builder.emit(
                expression, arguments: { self.operand(operands[$0], of: value) },
                coordinate: { axis in
                    self.emitter.builder.define(.position(self.position[axis].index, stride: axis == self.lane ? 1 : 0))
                },
                counter: { self.rowMajorPosition() })
        case .view(.reshape)?: return self.value(operands[0])
        default:
            preconditionFailure("\(value) is neither in memory nor computable at a point: \(emitter.graph[value].kind)")
        }
    }

    /// The value of an element-wise operand, broadcast to this space.
    private func operand(_ operand: Value, of user: Value) -> Register {
        let shape = emitter.graph.extents(operand)
        if shape.count == 1 && extents.count > 1 {
            return projection([shape[0] == extents[1] ? 1 : nil], extents: shape).value(operand)
        }
        return value(operand)
    }

    private func rowMajorPosition() -> (Index, stride: Int) {
        let strides = rowMajorStrides(extents)
        var index: Index = 0
        for axis in extents.indices.reversed() { index = index + position[axis].index * strides[axis] }
        return (index, lane.map { strides[$0] } ?? 0)
    }

    /// The point of a tensor that broadcasts to this space or differs from it only by axes of extent 1.
    private func projected(to shape: [Int]) -> Point {
        if shape.isEmpty { return projection([], extents: shape) }
        if shape.count == extents.count {
            return projection(shape.indices.map { shape[$0] == extents[$0] ? $0 : nil }, extents: shape)
        }
        // A reshape that only adds or drops axes of extent 1: the others correspond in order.
        let mine = extents.indices.filter { extents[$0] != 1 }
        let theirs = shape.indices.filter { shape[$0] != 1 }
        precondition(mine.map { extents[$0] } == theirs.map { shape[$0] }, "\(shape) does not broadcast to \(extents)")
        var axes = [Int?](repeating: nil, count: shape.count)
        for (a, b) in zip(mine, theirs) { axes[b] = a }
        return projection(axes, extents: shape)
    }

    /// The point whose axis k is axis `axes[k]` of this one, or position 0.
    private func projection(_ axes: [Int?], extents shape: [Int]) -> Point {
        if let point = projections[axes] { return point }
        let projectedLane = lane.flatMap { lane in axes.firstIndex(of: lane) }
        let point = Point(
            emitter, extents: shape, position: axes.map { $0.map { position[$0] } ?? Position(0) }, lane: projectedLane,
            active: projectedLane == nil ? nil : active)
        projections[axes] = point
        return point
    }
}
