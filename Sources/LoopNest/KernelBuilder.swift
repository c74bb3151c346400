import Graph

/// Writes a kernel statement by statement; nested scopes are closures.
public final class KernelBuilder {
    public private(set) var kernel: Kernel
    /// The statement lists under construction, innermost last.
    private var scopes: [[Statement]] = [[]]
    private var constants: [[Double: Register]] = [[:]]

    public var lanes: Int { kernel.lanes }
    public let task: Index = .variable(.task)

    public init(name: String, lanes: Int, taskCount: Int) {
        kernel = Kernel(name: name, lanes: lanes, taskCount: taskCount, parameters: [])
    }

    /// Adds a parameter buffer; all parameters come before the first scratch buffer.
    public func parameter(_ name: String, _ element: StoredElement = .f32, count: Int, _ access: Buffer.Access) -> BufferID {
        precondition(kernel.scratch.isEmpty, "parameters come before scratch buffers")
        kernel.parameters.append(Buffer(name, element, count: count, access: access))
        return BufferID(kernel.parameters.count - 1)
    }

    public func scratch(_ name: String, _ element: StoredElement = .f32, count: Int) -> BufferID {
        kernel.scratch.append(Buffer(name, element, count: count, access: .readWrite))
        return BufferID(kernel.parameters.count + kernel.scratch.count - 1)
    }

    private func register() -> Register {
        kernel.registerCount += 1
        return Register(kernel.registerCount - 1)
    }

    private func append(_ statement: Statement) { scopes[scopes.count - 1].append(statement) }

    public func define(_ operation: Operation) -> Register {
        let result = register()
        append(.define(result, operation))
        return result
    }

    /// Appends an operation that gives no register.
    public func perform(_ operation: Operation) { append(.perform(operation)) }

    /// The number in every lane; one register a scope and number.
    public func constant(_ value: Double) -> Register {
        for known in constants { if let register = known[value] { return register } }
        let result = define(.constant(value))
        constants[constants.count - 1][value] = result
        return result
    }

    public func load(_ buffer: BufferID, _ index: Index, active: Index? = nil) -> Register { define(.load(buffer, index, active: active)) }
    public func broadcast(_ buffer: BufferID, _ index: Index) -> Register { define(.broadcast(buffer, index)) }
    public func multiplyAdd(_ a: Register, _ b: Register, _ c: Register) -> Register { define(.fusedMultiplyAdd(a, b, c)) }
    public func binary(_ function: BinaryFunction, _ a: Register, _ b: Register) -> Register { define(.binary(function, a, b)) }

    public func store(_ buffer: BufferID, _ index: Index, _ value: Register, active: Index? = nil) {
        perform(.store(buffer, index, value, active: active))
    }

    public func scatter(_ buffer: BufferID, _ index: Index, stride: Int, _ value: Register, active: Index? = nil) {
        perform(.scatter(buffer, index, stride: stride, value, active: active))
    }

    public func prefetch(_ buffer: BufferID, _ index: Index) { perform(.prefetch(buffer, index)) }

    private func scope(_ body: () -> Void) -> [Statement] {
        scopes.append([])
        constants.append([:])
        body()
        constants.removeLast()
        return scopes.removeLast()
    }

    /// A loop that carries registers: `body` gets the variable and the registers of this turn, and returns those of the next.
    @discardableResult
    public func loop(
        _ name: String, from: Index = 0, to: Index, step: Int = 1, unroll: Int = 1, carrying initial: [Register] = [],
        _ body: (Index, [Register]) -> [Register]
    ) -> [Register] {
        let variable = Variable(kernel.variableNames.count)
        kernel.variableNames.append(name)
        let inside = initial.map { _ in register() }
        var next: [Register] = []
        let statements = scope { next = body(.variable(variable), inside) }
        precondition(next.count == initial.count, "a loop returns the registers it carries")
        let results = initial.map { _ in register() }
        let carried = initial.indices.map {
            Loop.Carried(inside: inside[$0], initial: initial[$0], next: next[$0], result: results[$0])
        }
        append(.loop(Loop(variable: variable, from: from, to: to, step: step, unroll: unroll, carried: carried, body: statements)))
        return results
    }

    /// A loop that carries nothing; a single turn is written in line.
    public func loop(_ name: String, from: Index = 0, to: Index, step: Int = 1, unroll: Int = 1, _ body: (Index) -> Void) {
        if let first = from.constantValue, let last = to.constantValue, last - first <= step, last > first { return body(from) }
        loop(name, from: from, to: to, step: step, unroll: unroll, carrying: []) { index, _ in
            body(index)
            return []
        }
    }

    /// Runs `body` if all of `conditions` hold, and gives the registers it returns, else `initial`.
    @discardableResult
    public func when(_ conditions: [IndexRange], carrying initial: [Register] = [], _ body: () -> [Register]) -> [Register] {
        let open = conditions.filter { $0.holds != true }
        if open.isEmpty { return body() }
        if open.contains(where: { $0.holds == false }) { return initial }
        var next: [Register] = []
        let statements = scope { next = body() }
        let results = initial.map { _ in register() }
        let carried = initial.indices.map {
            Loop.Carried(inside: initial[$0], initial: initial[$0], next: next[$0], result: results[$0])
        }
        append(.when(open, carried: carried, body: statements))
        return results
    }

    public func finish() -> Kernel {
        precondition(scopes.count == 1, "a scope is still open")
        kernel.body = scopes[0]
        return kernel
    }
}

/// Scalar expressions as vector code.
extension KernelBuilder {
    /// Emits `expression` lane by lane.
    ///
    /// A product that is added becomes a fused multiply-add here, and nowhere later, so that every backend rounds alike.
    ///
    /// - Parameters:
    ///   - arguments: gives the register of an argument; asked once for each.
    ///   - coordinate: gives the register of a coordinate.
    ///   - counter: the element's row-major position in lane 0, and the stride from lane to lane, for `uniform`.
    public func emit(
        _ expression: Scalar, arguments: (Int) -> Register,
        coordinate: (Int) -> Register = { _ in preconditionFailure("no coordinates here") },
        counter: (() -> (Index, stride: Int))? = nil
    ) -> Register {
        var known: [Scalar: Register] = [:]
        func value(_ expression: Scalar) -> Register {
            if let register = known[expression] { return register }
            let result: Register
            switch expression {
            case .constant(let number): result = constant(number)
            case .argument(let index): result = arguments(index)
            case .coordinate(let axis): result = coordinate(axis)
            case .unary(let function, let a): result = define(.unary(function, value(a)))
            case .binary(.add, .binary(.multiply, let a, let b), let c), .binary(.add, let c, .binary(.multiply, let a, let b)):
                result = multiplyAdd(value(a), value(b), value(c))
            case .binary(.subtract, .binary(.multiply, let a, let b), let c):
                result = multiplyAdd(value(a), value(b), define(.unary(.negate, value(c))))
            case .binary(.subtract, let c, .binary(.multiply, let a, let b)):
                result = multiplyAdd(define(.unary(.negate, value(a))), value(b), value(c))
            case .binary(let function, let a, let b): result = binary(function, value(a), value(b))
            case .select(let comparison, let a, let b, let then, let otherwise):
                result = define(.select(comparison, value(a), value(b), then: value(then), otherwise: value(otherwise)))
            case .uniform(let seed, let stream):
                guard let (position, stride) = counter?() else { preconditionFailure("no element positions here") }
                result = define(.uniform(seed: value(seed), stream: stream, position, stride: stride))
            }
            known[expression] = result
            return result
        }
        return value(expression)
    }
}
