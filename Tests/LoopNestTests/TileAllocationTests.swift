import Graph
import TestSupport
import Testing

@testable import LoopNest

/// Random kernels of tiles: those that are accepted find in each tile what they would find if every register had one of its own.
@Suite struct TileAllocationTests {
    @Test func tilesHoldWhatIsNeeded() throws {
        var (accepted, products, refused) = (0, 0, 0)
        for seed in 0..<8000 {
            let kernel = RandomTiles.make(seed: seed)
            do { try kernel.verify() } catch {
                #expect(error.description.contains("tile"), "\(error)")
                refused += 1
                continue
            }
            var run = SymbolicRun(tiles: try kernel.tiles())
            try run.run(kernel.body)
            accepted += 1
            products += run.products
        }
        // Neither side is empty, and what is accepted does something.
        #expect(accepted > 500 && refused > 500 && products > 500, "\(accepted) \(refused) \(products)")
    }
}

/// Runs tiles as terms: each value is the number of what it is made of.
private struct SymbolicRun {
    private enum Term: Hashable { case zero, load(Int), product(Int, Int, Int) }

    let tiles: TileAllocation
    private var terms: [Term: Int] = [:]
    /// What each register holds, and each tile.
    private var values: [Register: Int] = [:]
    private var held = [Int?](repeating: nil, count: TileElement.registers)
    private var loads = 0
    private(set) var products = 0

    init(tiles: TileAllocation) { self.tiles = tiles }

    /// The register's value, which is in its tile, too.
    private func value(_ register: Register) throws -> Int {
        let value = try #require(values[register])
        try #require(held[try #require(tiles[register])] == value, "%\(register.index)")
        return value
    }

    private mutating func write(_ register: Register, _ term: Term) throws {
        let next = terms.count
        if terms[term] == nil { terms[term] = next }
        values[register] = terms[term]
        held[try #require(tiles[register])] = terms[term]
    }

    mutating func run(_ statements: [Statement]) throws {
        for statement in statements {
            switch statement {
            case .define(let register, .zeroTile): try write(register, .zero)
            case .define(let register, .loadTile):
                loads += 1
                try write(register, .load(loads))
            case .define(let register, .tileProduct(let a, let b, let sum)):
                products += 1
                try write(register, .product(value(a), value(b), value(sum)))
            case .perform(.storeTile(_, _, _, let tile)): _ = try value(tile)
            case .loop(let loop):
                var now = try loop.carried.map { try value($0.initial) }
                for _ in 0..<(loop.to.constantValue ?? 0) {
                    for (carried, value) in zip(loop.carried, now) { values[carried.inside] = value }
                    try run(loop.body)
                    now = try loop.carried.map { try value($0.next) }
                }
                for (carried, value) in zip(loop.carried, now) { values[carried.result] = value }
            case .when(let conditions, _, let body): if conditions[0].holds == true { try run(body) }
            default: Issue.record("no such statement is made")
            }
        }
    }
}

/// Writes kernels of tiles that mostly keep the rules.
private struct RandomTiles {
    private var random: SeededGenerator
    private var kernel = Kernel(
        name: "k", lanes: 16, taskCount: 1,
        parameters: [Buffer("x", .bf16, count: 512, access: .read), Buffer("y", .f32, count: 256, access: .write)])
    private var sums: [Register] = []
    private var pairs: [Register] = []

    static func make(seed: Int) -> Kernel {
        var maker = RandomTiles(random: SeededGenerator(seed: seed))
        maker.kernel.body = maker.block(depth: 0)
        return maker.kernel
    }

    private init(random: SeededGenerator) { self.random = random }

    private mutating func register() -> Register {
        kernel.registerCount += 1
        return Register(kernel.registerCount - 1)
    }

    /// One of the registers; mostly a sum that is written over is not used again.
    private mutating func take(_ registers: WritableKeyPath<RandomTiles, [Register]>, isLast: Bool) -> Register {
        let index = random.number(0..<self[keyPath: registers].count)
        return isLast && random.chance(80) ? self[keyPath: registers].remove(at: index) : self[keyPath: registers][index]
    }

    private mutating func block(depth: Int) -> [Statement] {
        var statements: [Statement] = []
        for _ in 0..<random.number(2..<7) {
            switch random.number(0..<(depth < 3 ? 9 : 7)) {
            case 0:
                sums.append(register())
                statements.append(.define(sums[sums.count - 1], .zeroTile))
            case 1:
                pairs.append(register())
                statements.append(.define(pairs[pairs.count - 1], .loadTile(.pairs, BufferID(0), 0, stride: 32)))
            case 2, 3, 4:
                guard !sums.isEmpty, !pairs.isEmpty else { continue }
                let (a, b) = (take(\.pairs, isLast: false), take(\.pairs, isLast: false))
                let sum = take(\.sums, isLast: true)
                sums.append(register())
                statements.append(.define(sums[sums.count - 1], .tileProduct(a, b, sum: sum)))
            case 5, 6:
                guard !sums.isEmpty else { continue }
                statements.append(.perform(.storeTile(BufferID(1), 0, stride: 16, take(\.sums, isLast: false))))
            case 7: statements.append(loop(depth: depth))
            default:
                let outer = (sums, pairs)
                let body = block(depth: depth + 1)
                let made = Set(sums + pairs).subtracting(outer.0 + outer.1)
                sums = random.chance(90) ? sums.filter { !made.contains($0) } : outer.0
                pairs = outer.1
                statements.append(.when([IndexRange(.constant(random.number(0..<2)), 0, 1)], carried: [], body: body))
            }
        }
        return statements
    }

    private mutating func loop(depth: Int) -> Statement {
        let variable = Variable(kernel.variableNames.count)
        kernel.variableNames.append("i\(variable.index)")
        let initialSums = (0..<random.number(0..<4)).compactMap { _ in sums.isEmpty ? nil : take(\.sums, isLast: true) }
        let initialPairs = (0..<random.number(0..<2)).compactMap { _ in pairs.isEmpty ? nil : take(\.pairs, isLast: true) }
        let insides = (initialSums.map { _ in register() }, initialPairs.map { _ in register() })
        let outer = (sums, pairs)
        if random.chance(90) { sums = [] }
        sums += insides.0
        pairs += insides.1
        let body = block(depth: depth + 1)
        // The next values are mostly the last ones made, each once.
        var (lastSums, lastPairs) = (sums, pairs)
        let next =
            insides.0.map { inside in
                if random.chance(60), let index = lastSums.firstIndex(of: inside) { return lastSums.remove(at: index) }
                return lastSums.popLast() ?? inside
            } + insides.1.map { inside in random.chance(60) ? inside : lastPairs.popLast() ?? inside }
        let made = Set(sums + pairs)
        sums = outer.0.filter { random.chance(95) || made.contains($0) }
        pairs = outer.1
        let results = next.map { _ in register() }
        let carried = next.indices.map {
            Loop.Carried(
                inside: (insides.0 + insides.1)[$0], initial: (initialSums + initialPairs)[$0], next: next[$0], result: results[$0])
        }
        sums += results.prefix(initialSums.count)
        pairs += results.dropFirst(initialSums.count)
        return .loop(Loop(variable: variable, from: 0, to: .constant(random.number(0..<4)), carried: carried, body: body))
    }
}
