internal import CLLVM
import Graph
import LoopNest

/// Writes kernels as LLVM IR: it knows statements and operations, and nothing of networks.
///
/// A kernel becomes two functions. `NAME.task(task, parameters…, scratch…)` is the body for one task; separate pointers that alias
/// nothing let LLVM keep everything in registers. `NAME(buffers, scratch, first, end)` runs the tasks `first ..< end`.
final class KernelEmitter {
    let kernel: Kernel
    let build: InstructionBuilder
    let addresses: AddressEmitter
    let math: VectorMath
    let vector: LLVMType
    let integers: LLVMType
    let target: Target
    let tiles: TileAllocation
    private var function: LLVMValue
    private var buffers: [LLVMValue] = []
    private var registers: [LLVMValue?]

    /// Adds `kernel` to the module that `build` writes to, its entry called `symbol`.
    ///
    /// - Throws: what `Kernel.tiles` throws.
    static func emit(_ kernel: Kernel, as symbol: String, for target: Target, _ build: InstructionBuilder) throws(KernelError) {
        let emitter = try KernelEmitter(kernel, symbol, target, build)
        emitter.writeTask()
        emitter.writeEntry()
    }

    private let taskType: LLVMType
    private let symbol: String

    private init(_ kernel: Kernel, _ symbol: String, _ target: Target, _ build: InstructionBuilder) throws(KernelError) {
        self.kernel = kernel
        tiles = try kernel.tiles()
        self.build = build
        self.target = target
        self.symbol = symbol
        vector = build.vector(of: build.float, kernel.lanes)
        integers = build.vector(of: build.int32, kernel.lanes)
        addresses = AddressEmitter(build, variables: kernel.variableNames.count)
        math = VectorMath(build, lanes: kernel.lanes)
        registers = Array(repeating: nil, count: kernel.registerCount)
        let all = kernel.parameters + kernel.scratch
        (function, taskType) = build.function(symbol + ".task", [build.int64] + all.map { _ in build.pointer })
    }

    // MARK: Functions

    private func writeTask() {
        describe(function)
        build.attach("noinline", to: function)
        build.makePrivate(function)
        let task = build.parameter(0, of: function)
        build.name(task, "task")
        for (index, buffer) in (kernel.parameters + kernel.scratch).enumerated() {
            let pointer = build.parameter(index + 1, of: function)
            build.name(pointer, buffer.name)
            for attribute in ["noalias", "nonnull", "noundef"] { build.attach(attribute, to: function, parameter: index + 1) }
            build.attach("align", 64, to: function, parameter: index + 1)
            if buffer.access == .read { build.attach("readonly", to: function, parameter: index + 1) }
            buffers.append(pointer)
        }
        addresses.enter(build.appendBlock("", to: function))
        addresses.bind(.task, to: addresses.atom(task))
        if let call = kernel.call { emit(call, task: task) } else { emit(kernel.body) }
        build.returnVoid()
        addresses.leave()
    }

    private func writeEntry() {
        let (entry, _) = build.function(symbol, [build.pointer, build.pointer, build.int64, build.int64])
        describe(entry)
        let names = ["buffers", "scratch", "first", "end"]
        let (table, scratch, first, end) = (
            build.parameter(0, of: entry), build.parameter(1, of: entry), build.parameter(2, of: entry), build.parameter(3, of: entry)
        )
        for (name, value) in zip(names, [table, scratch, first, end]) { build.name(value, name) }
        let (start, loop, exit) = (
            build.appendBlock("", to: entry), build.appendBlock("tasks", to: entry), build.appendBlock("done", to: entry)
        )
        build.moveToEnd(of: start)
        if !tiles.isEmpty { configureTiles(symbol) }
        var arguments: [LLVMValue] = []
        for index in kernel.parameters.indices {
            let slot = build.address(table, build.pointer, offset: build.int64(index))
            arguments.append(build.load(build.pointer, slot, alignment: 8))
        }
        var offset = 0
        for buffer in kernel.scratch {
            arguments.append(build.address(scratch, build.byte, offset: build.int64(offset)))
            offset += buffer.alignedBytes
        }
        build.branch(if: build.compare(LLVMIntSLT, first, end), then: loop, otherwise: exit)
        build.moveToEnd(of: loop)
        let task = build.phi(build.int64, [(first, start)])
        build.call(function, taskType, [task] + arguments)
        let next = build.integer(.add, task, build.int64(1))
        build.addIncoming(next, from: loop, to: task)
        build.branch(if: build.compare(LLVMIntSLT, next, end), then: loop, otherwise: exit)
        build.moveToEnd(of: exit)
        if !tiles.isEmpty { releaseTiles() }
        build.returnVoid()
    }

    private func describe(_ function: LLVMValue) { Self.describe(function, lanes: kernel.lanes, for: target, build) }

    /// Says what a function is compiled for.
    static func describe(_ function: LLVMValue, lanes: Int, for target: Target, _ build: InstructionBuilder) {
        build.attach("nounwind", to: function)
        build.attach("target-cpu", text: target.processor, to: function)
        build.attach("target-features", text: target.features, to: function)
        // Without these LLVM may split 512-bit vectors for processors that once lowered their clock for them.
        build.attach("prefer-vector-width", text: "\(32 * lanes)", to: function)
        build.attach("min-legal-vector-width", text: "\(32 * lanes)", to: function)
        build.attach("no-trapping-math", text: "true", to: function)
    }

    // MARK: Calls

    /// The name of the C function that a kernel with such a symbol calls, until it is linked.
    static func calledName(_ symbol: String) -> String { symbol + ".call" }

    private func emit(_ call: ArrayCall, task: LLVMValue) {
        let table = build.allocate(build.pointer, count: call.arrays.count)
        for (number, array) in call.arrays.enumerated() {
            let offset = build.integer(.add, build.integer(.multiply, task, build.int64(array.step)), build.int64(array.start))
            let slot = build.address(table, build.pointer, offset: build.int64(number))
            build.store(build.address(buffers[array.buffer.index], build.float, offset: offset), slot, alignment: 8)
        }
        let bytes = call.shape.flatMap { extent in withUnsafeBytes(of: Int64(extent).littleEndian) { Array($0) } }
        let shape = build.constant(bytes, symbol + ".shape", alignment: 8)
        let (called, type) = build.function(Self.calledName(symbol), [build.pointer, build.pointer])
        build.call(called, type, [table, shape])
    }

    // MARK: Statements

    func register(_ register: Register) -> LLVMValue {
        guard let value = registers[register.index] else { preconditionFailure("register \(register.index) is used before it is defined") }
        return value
    }

    func pointer(to buffer: BufferID, _ index: Index) -> LLVMValue {
        addresses.address(buffer: buffer.index, base: buffers[buffer.index], addressType(buffer), index)
    }

    private func emit(_ statements: [Statement]) {
        for statement in statements {
            switch statement {
            case .define(let result, let operation):
                if let number = tiles[result] {
                    emit(operation, toTile: UInt8(number))
                } else {
                    registers[result.index] = emit(operation)
                }
            case .perform(let operation): emit(operation)
            case .loop(let loop): emit(loop)
            case .when(let conditions, let carried, let body): emit(conditions, carried, body)
            }
        }
    }

    private func emit(_ conditions: [IndexRange], _ carried: [Loop.Carried], _ body: [Statement]) {
        var test: LLVMValue?
        for condition in conditions {
            guard let holds = evaluate(condition) else { continue }
            test = test.map { build.integer(.and, $0, holds) } ?? holds
        }
        let initial = carried.map { register($0.initial) }
        guard let test else {
            emit(body)
            for item in carried { registers[item.result.index] = register(item.next) }
            return
        }
        let (before, then, after) = (build.block, build.appendBlock("then", to: function), build.appendBlock("after", to: function))
        build.branch(if: test, then: then, otherwise: after)
        addresses.enter(then)
        emit(body)
        let (last, next) = (build.block, carried.map { register($0.next) })
        build.branch(to: after)
        addresses.leave()
        addresses.proceed(to: after)
        for (index, item) in carried.enumerated() {
            registers[item.result.index] = build.phi(build.type(of: initial[index]), [(initial[index], before), (next[index], last)])
        }
    }

    /// Whether the index lies in the range; nil if it always does.
    private func evaluate(_ range: IndexRange) -> LLVMValue? {
        let (index, lower, upper) = (addresses.form(range.index), addresses.form(range.lower), addresses.form(range.upper))
        if let low = lower.constantValue, let high = upper.constantValue {
            if let value = index.constantValue { return low <= value && value < high ? nil : build.bit(false) }
            if high <= low { return build.bit(false) }
            return build.compare(LLVMIntULT, addresses.value(index.adding(-low)), build.int64(high - low))
        }
        let above = build.compare(LLVMIntSLE, addresses.value(lower), addresses.value(index))
        return build.integer(.and, above, build.compare(LLVMIntSLT, addresses.value(index), addresses.value(upper)))
    }

    // MARK: Loops

    private func emit(_ loop: Loop) {
        var loop = loop
        // Carried tiles stay where they are.
        loop.carried.removeAll { tiles[$0.initial] != nil }
        precondition(loop.step > 0 && loop.unroll > 0, "a loop steps forward")
        let (from, to) = (addresses.form(loop.from), addresses.form(loop.to))
        var values = loop.carried.map { register($0.initial) }
        if let first = from.constantValue, let last = to.constantValue {
            let turns = max(0, (last - first + loop.step - 1) / loop.step)
            let blocked = turns / loop.unroll * loop.unroll
            var next = first
            if blocked > loop.unroll {
                next = first + blocked * loop.step
                (values, _) = repeating(loop, from: from, to: LinearForm(next), copies: loop.unroll, guarded: false, values)
            }
            while next < last {
                if next > first, !values.isEmpty { build.compilerFence() }
                values = turn(loop, at: LinearForm(next), values)
                next += loop.step
            }
        } else {
            var start = from
            if loop.unroll > 1 {
                let end = to.adding(-(loop.unroll - 1) * loop.step)
                (values, start) = repeating(loop, from: from, to: end, copies: loop.unroll, guarded: true, values)
            }
            (values, _) = repeating(loop, from: start, to: to, copies: 1, guarded: true, values)
        }
        for (item, value) in zip(loop.carried, values) { registers[item.result.index] = value }
    }

    /// One turn of the body with the variable at `index`; gives the carried values of the next.
    private func turn(_ loop: Loop, at index: LinearForm, _ values: [LLVMValue]) -> [LLVMValue] {
        addresses.bind(loop.variable, to: index)
        for (item, value) in zip(loop.carried, values) { registers[item.inside.index] = value }
        emit(loop.body)
        return loop.carried.map { register($0.next) }
    }

    /// A loop that the machine makes, `copies` turns written out in its body: tested at the bottom, and before if `guarded`.
    ///
    /// Gives the carried values and the variable after the last turn.
    private func repeating(
        _ loop: Loop, from: LinearForm, to: LinearForm, copies: Int, guarded: Bool, _ initial: [LLVMValue]
    ) -> ([LLVMValue], LinearForm) {
        let (first, end) = (addresses.value(from), addresses.value(to))
        let before = build.block
        let name = kernel.variableNames[loop.variable.index]
        let (body, after) = (build.appendBlock(name, to: function), build.appendBlock(name + ".end", to: function))
        if guarded {
            build.branch(if: build.compare(LLVMIntSLT, first, end), then: body, otherwise: after)
        } else {
            build.branch(to: body)
        }
        addresses.enter(body)
        let variable = build.phi(build.int64, [(first, before)])
        let inside = initial.map { build.phi(build.type(of: $0), [($0, before)]) }
        let index = addresses.atom(variable)
        var values = inside
        for copy in 0..<copies {
            if copy > 0, !values.isEmpty { build.compilerFence() }
            values = turn(loop, at: index.adding(copy * loop.step), values)
        }
        let next = build.integer(.add, variable, build.int64(copies * loop.step))
        let last = build.block
        build.addIncoming(next, from: last, to: variable)
        for (phi, value) in zip(inside, values) { build.addIncoming(value, from: last, to: phi) }
        build.keepRolled(build.branch(if: build.compare(LLVMIntSLT, next, end), then: body, otherwise: after))
        addresses.leave()
        addresses.proceed(to: after)
        var incoming = [(next, last)]
        if guarded { incoming.append((first, before)) }
        let reached = addresses.atom(build.phi(build.int64, incoming))
        let results = values.indices.map { position in
            build.phi(
                build.type(of: values[position]),
                guarded ? [(values[position], last), (initial[position], before)] : [(values[position], last)])
        }
        return (results, reached)
    }
}
