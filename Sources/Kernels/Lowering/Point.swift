import Graph
import LoopNest

/// One point (or one vector of points along `lane`) of an iteration space: emits the values of nodes there, each once.
public final class Point {
    private let emitter: PointEmitter
    public let extents: [Int]
    public let position: [Position]
    public let lane: Int?
    /// The lanes that lie inside the extents, if not all do.
    public let active: Index?
    /// The offset of the first lane's element, in place of the position, where all tensors lie alike in memory.
    private let flat: Index?
    private var known: [Value: Register] = [:]
    private var projections: [[Int?]: Point] = [:]

    init(_ emitter: PointEmitter, extents: [Int], position: [Position], lane: Int?, active: Index?, flat: Index? = nil) {
        precondition(extents.count == position.count, "a point has one position an axis")
        self.emitter = emitter
        self.extents = extents
        self.position = position
        self.lane = lane
        self.active = active
        self.flat = flat
    }

    /// Makes `register` the value of a node here: how a contraction's accumulator reaches its epilogue.
    public func set(_ value: Value, _ register: Register) {
        let extents = emitter.graph.extents(value)
        if extents == self.extents { known[value] = register } else { projected(to: extents).set(value, register) }
    }

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
