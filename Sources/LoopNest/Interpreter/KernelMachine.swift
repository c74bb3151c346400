import Graph

/// The registers, variables and instruction loop of one interpreter run.
final class KernelMachine {
    let program: KernelProgram
    let memory: KernelMemory
    let lanes: Int
    let registers: UnsafeMutablePointer<Float>
    /// The words of the tiles, as many of these as a processor has; empty if the kernel has none. A tile holds what the register written to
    /// it last gave, so that a kernel whose tiles were dealt out wrongly computes something else here, too.
    var tiles: [UInt32] = []
    let slots: UnsafeMutablePointer<Int>
    private var moved: [Float] = []
    private(set) var task = 0
    private var turns = 0
    private let turnLimit: Int

    init(_ program: KernelProgram, _ memory: KernelMemory, turnLimit: Int) {
        self.program = program
        self.memory = memory
        self.turnLimit = turnLimit
        lanes = program.kernel.lanes
        let count = max(program.kernel.registerCount, 1) * lanes
        registers = .allocate(capacity: count)
        registers.initialize(repeating: .nan, count: count)
        if program.usesTiles { tiles = Array(repeating: .max, count: TileElement.registers * Self.tileWords) }
        slots = .allocate(capacity: program.slotCount)
        slots.initialize(repeating: 0, count: program.slotCount)
    }

    deinit {
        registers.deallocate()
        slots.deallocate()
    }

    // Arithmetic wraps: an index that overflows is caught as out of bounds, never by a trap.
    func evaluate(_ index: KernelProgram.CompiledIndex) -> Int {
        for step in index.steps {
            switch step {
            case .quotient(let slot, let a, let divisor): slots[slot] = evaluate(a) / divisor
            case .remainder(let slot, let a, let divisor): slots[slot] = evaluate(a) % divisor
            case .minimum(let slot, let a, let b): slots[slot] = min(evaluate(a), evaluate(b))
            case .maximum(let slot, let a, let b): slots[slot] = max(evaluate(a), evaluate(b))
            }
        }
        var value = index.constant
        for term in index.terms { value &+= slots[term.slot] &* term.factor }
        return value
    }

    private func move(_ moves: KernelProgram.Moves) {
        if moves.isEmpty { return }
        moved.removeAll(keepingCapacity: true)
        for move in moves { for lane in 0..<lanes { moved.append(registers[move.from + lane]) } }
        for (index, move) in moves.enumerated() { for lane in 0..<lanes { registers[move.to + lane] = moved[index * lanes + lane] } }
    }

    private func countTurn() throws(KernelError) {
        turns += 1
        if turns > turnLimit { throw .tooLong(kernel: program.kernel.name, turns: turnLimit) }
    }

    func run(_ task: Int) throws(KernelError) {
        self.task = task
        memory.spoilScratch()
        slots[0] = task
        var counter = 0
        let instructions = program.instructions
        while counter < instructions.count {
            let current = counter
            counter += 1
            switch instructions[current] {
            case .constant(let to, let value): (registers + to).update(repeating: value, count: lanes)
            case .load(let to, let access): try load(access, to)
            case .broadcast(let to, let access): try broadcast(access, to)
            case .store(let from, let access): try store(access, from)
            case .fusedMultiplyAdd(let to, let a, let b, let c):
                for lane in 0..<lanes { registers[to + lane] = registers[c + lane].addingProduct(registers[a + lane], registers[b + lane]) }
            case .unary(let function, let to, let a):
                for lane in 0..<lanes { registers[to + lane] = function.evaluate(registers[a + lane]) }
            case .binary(let function, let to, let a, let b):
                for lane in 0..<lanes { registers[to + lane] = function.evaluate(registers[a + lane], registers[b + lane]) }
            case .select(let comparison, let to, let a, let b, let then, let otherwise):
                for lane in 0..<lanes {
                    let holds = comparison.evaluate(Double(registers[a + lane]), Double(registers[b + lane]))
                    registers[to + lane] = registers[(holds ? then : otherwise) + lane]
                }
            case .position(let to, let index, let stride):
                let first = evaluate(index)
                for lane in 0..<lanes { registers[to + lane] = Float(first &+ lane &* stride) }
            case .uniform(let to, let seed, let stream, let index, let stride):
                let first = evaluate(index)
                for lane in 0..<lanes {
                    let seed = UInt32(truncatingIfNeeded: Int(exactly: registers[seed + lane].rounded(.towardZero)) ?? 0)
                    let counter = UInt32(truncatingIfNeeded: first &+ lane &* stride)
                    registers[to + lane] = Float(uniformHash(seed: seed, stream: stream, counter: counter))
                }
            case .acrossLanes(let function, let to, let a): combineLanes(function, to, a)
            case .keep(let to, let a, let active):
                let count = evaluate(active)
                for lane in 0..<lanes { registers[to + lane] = lane < count ? registers[a + lane] : 0 }
            case .interleave(let to, let a, let b, let first):
                for lane in 0..<lanes { registers[to + lane] = registers[((first + lane) % 2 == 0 ? a : b) + (first + lane) / 2] }
            // A pair of bf16 is kept as the bits of a number; it is moved, and never computed with as one.
            case .pack(let to, let low, let high):
                for lane in 0..<lanes {
                    let pair = BFloat16Pair(low: registers[low + lane], high: registers[high + lane])
                    registers[to + lane] = Float(bitPattern: pair.bitPattern)
                }
            case .lower(let to, let pairs):
                for lane in 0..<lanes { registers[to + lane] = Float(bitPattern: registers[pairs + lane].bitPattern << 16) }
            case .upper(let to, let pairs):
                for lane in 0..<lanes { registers[to + lane] = Float(bitPattern: registers[pairs + lane].bitPattern & 0xffff_0000) }
            case .loadPairs(let to, let access): try loadPairs(access, to, count: lanes)
            case .broadcastPair(let to, let access):
                try loadPairs(access, to, count: 1)
                (registers + to).update(repeating: registers[to], count: lanes)
            case .storePairs(let from, let access): try storePairs(access, from)
            case .dot(let to, let a, let b, let sum): combinePairs(BFloat16Pair.dot, to, a, b, sum)
            case .oddDot(let to, let a, let b, let sum): combinePairs(BFloat16Pair.oddDot, to, a, b, sum)
            case .zeroTile(let to): zeroTile(to)
            case .loadTile(let element, let to, let access, let stride): try loadTile(element, access, to, stride)
            case .tileProduct(let a, let b, let sum): tileProduct(a, b, sum)
            case .storeTile(let from, let access, let stride): try storeTile(access, from, stride)
            case .enterLoop(let variable, let from, let to, let first, let skipped, let exit):
                let value = evaluate(from)
                if value < evaluate(to) {
                    slots[variable] = value
                    move(first)
                    try countTurn()
                } else {
                    move(skipped)
                    counter = exit
                }
            case .repeatLoop(let variable, let step, let to, let start, let again, let last):
                let (value, isOverflow) = slots[variable].addingReportingOverflow(step)
                if !isOverflow, value < evaluate(to) {
                    slots[variable] = value
                    move(again)
                    counter = start
                    try countTurn()
                } else {
                    move(last)
                }
            case .enterWhen(let conditions, let skipped, let exit):
                let holds = conditions.allSatisfy { index, lower, upper in
                    let value = evaluate(index)
                    return evaluate(lower) <= value && value < evaluate(upper)
                }
                if !holds {
                    move(skipped)
                    counter = exit
                }
            case .leaveWhen(let moves): move(moves)
            }
        }
    }

    /// Lane i with lane i + half, halving.
    private func combinePairs(_ rule: (BFloat16Pair, BFloat16Pair, Float) -> Float, _ to: Int, _ a: Int, _ b: Int, _ sum: Int) {
        for lane in 0..<lanes {
            let a = BFloat16Pair(bitPattern: registers[a + lane].bitPattern), b = BFloat16Pair(bitPattern: registers[b + lane].bitPattern)
            registers[to + lane] = rule(a, b, registers[sum + lane])
        }
    }

    private func combineLanes(_ function: BinaryFunction, _ to: Int, _ a: Int) {
        var values = (0..<lanes).map { registers[a + $0] }
        var half = lanes / 2
        while half > 0 {
            for lane in 0..<half { values[lane] = function.evaluate(values[lane], values[lane + half]) }
            half /= 2
        }
        (registers + to).update(repeating: values[0], count: lanes)
    }
}

extension UnaryFunction {
    /// The value in fp32: that of fp64, rounded.
    @inline(__always) func evaluate(_ x: Float) -> Float {
        switch self {
        case .negate: -x
        case .absolute: abs(x)
        case .reciprocal: 1 / x
        case .squareRoot: x.squareRoot()
        case .floor: x.rounded(.down)
        case .exponential, .logarithm, .hyperbolicTangent, .errorFunction, .exponentialMinusOne, .logarithmOfOnePlus, .logistic, .softplus,
            .gaussian, .normalDistribution:
            Float(evaluate(Double(x)))
        }
    }
}

extension BinaryFunction {
    /// The value in fp32; `maximum` and `minimum` as in fp64.
    @inline(__always) func evaluate(_ a: Float, _ b: Float) -> Float {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .maximum: b > a || b.isNaN ? b : a
        case .minimum: b < a || b.isNaN ? b : a
        }
    }
}
