import Graph

/// The steps of a network in the blocks that its labels tell of: all under `layer1.0` is a module, within that of `layer1`.
struct ModuleTree {
    /// A path of labels that may become a block.
    private struct Module {
        var path: String
        var depth: Int
        var parent: Int
        /// The modules within it have numbers up to this one.
        var last: Int
    }

    /// Labels do not nest deeper in blocks.
    private static let deepest = 12

    private var modules: [Module] = []
    /// The module of each step, -1 for the network itself.
    private var homes: [Int] = []
    private let steps: [OutlineStep]
    /// The module that makes each wire, and those that use it.
    private var makers: [Int: Int] = [:]
    private var users: [Int: [Int]] = [:]

    /// All paths that stand in front of labels.
    static func paths(of steps: [OutlineStep]) -> Set<String> {
        var paths: Set<String> = []
        for step in steps where step.label.count > 1 {
            var path = ""
            for part in SharedTowers.path(of: step).prefix(deepest) {
                path += (path.isEmpty ? "" : ".") + part
                paths.insert(path)
            }
        }
        return paths
    }

    /// - Parameter paths: those of the modules.
    init(_ steps: [OutlineStep], results: [Operand], paths: Set<String>) {
        self.steps = steps
        // In the order of the tree, so that a module has those within it behind it.
        let sorted = paths.map { $0.split(separator: ".").map(String.init) }.sorted { $0.lexicographicallyPrecedes($1) }
        var open: [Int] = []
        var numbers: [String: Int] = [:]
        var parts: [[String]] = []
        for path in sorted {
            while let last = open.last, !(parts[last].count < path.count && path.starts(with: parts[last])) { open.removeLast() }
            let number = modules.count
            modules.append(Module(path: path.joined(separator: "."), depth: path.count, parent: open.last ?? -1, last: number))
            parts.append(path)
            numbers[modules[number].path] = number
            open.append(number)
        }
        for number in modules.indices.reversed() where modules[number].parent >= 0 {
            let parent = modules[number].parent
            modules[parent].last = max(modules[parent].last, modules[number].last)
        }
        for step in steps {
            var home = -1
            var path = ""
            for part in SharedTowers.path(of: step).prefix(Self.deepest) {
                path += (path.isEmpty ? "" : ".") + part
                if let number = numbers[path] { home = number }
            }
            homes.append(home)
            for case let wire? in step.results { makers[wire] = home }
            for operand in step.inputs { if let wire = operand.wire { users[wire, default: []].append(home) } }
        }
        for operand in results { if let wire = operand.wire { users[wire, default: []].append(-1) } }
    }

    private func isWithin(_ home: Int, _ module: Int) -> Bool { home >= module && home <= modules[module].last }

    /// The steps with each module as one call.
    ///
    /// - Returns: the network's body and the blocks, innermost first; or the modules that cannot be calls.
    func nested(inputs: [Int], results: [Operand]) -> (body: OutlineBody, blocks: [BlockInstance], tangled: Set<String>) {
        var members = [[OutlineStep]](repeating: [], count: modules.count + 1)
        for (step, home) in zip(steps, homes) { members[home + 1].append(step) }
        var blocks: [BlockInstance] = []
        var tangled: Set<String> = []
        var isOpen = [Bool](repeating: false, count: modules.count + 1)
        for number in modules.indices.reversed() {
            let module = modules[number]
            // What is around a module that is none yet cannot be told.
            guard !isOpen[number + 1], let sorted = Self.sorted(members[number + 1], &tangled) else {
                isOpen[module.parent + 1] = true
                continue
            }
            var made: Set<Int> = []
            var given: [Int] = []
            var isGiven: Set<Int> = []
            var gives: [Operand] = []
            for step in sorted {
                for operand in step.inputs {
                    if let wire = operand.wire, !made.contains(wire), isGiven.insert(wire).inserted { given.append(wire) }
                }
                for case let wire? in step.results {
                    made.insert(wire)
                    if users[wire]?.contains(where: { !isWithin($0, number) }) == true { gives.append(.wire(wire)) }
                }
            }
            guard !gives.isEmpty, !sorted.isEmpty else {
                // Nothing that it makes is used outside: what is within belongs to what is around.
                members[module.parent + 1] += sorted
                continue
            }
            let block = BlockInstance(OutlineBody(steps: sorted, inputs: given, results: gives), path: module.path, depth: module.depth)
            let step = OutlineStep(
                .block(block), order: sorted.map(\.order).min() ?? 0, operands: given.isEmpty ? [.number(0)] : given.map(Operand.wire),
                results: gives.map(\.wire))
            step.label = SharedTowers.label(of: module.path).split(separator: ".").map(String.init)
            // Within a call that is shared all is.
            let isInner = module.parent >= 0 && modules[module.parent].path.contains(SharedTowers.mark)
            step.isShared = module.path.contains(SharedTowers.mark) && !isInner
            block.step = step
            blocks.append(block)
            members[module.parent + 1].append(step)
        }
        let body = isOpen[0] ? nil : Self.sorted(members[0], &tangled)
        // A module with a larger number lies within one with a smaller one, so the innermost come first.
        return (OutlineBody(steps: body ?? [], inputs: inputs, results: results), blocks, tangled)
    }

    /// Steps so that each stands behind what it takes, and otherwise in their order; nil with the modules that keep from it.
    private static func sorted(_ steps: [OutlineStep], _ tangled: inout Set<String>) -> [OutlineStep]? {
        let steps = steps.sorted { $0.order < $1.order }
        var makers: [Int: Int] = [:]
        for (index, step) in steps.enumerated() { for case let wire? in step.results { makers[wire] = index } }
        enum State { case untouched, open, done }
        var states = [State](repeating: .untouched, count: steps.count)
        var result: [OutlineStep] = []
        result.reserveCapacity(steps.count)
        for start in steps.indices where states[start] == .untouched {
            var stack: [(step: Int, next: Int)] = [(start, 0)]
            states[start] = .open
            while let (index, next) = stack.last {
                let inputs = steps[index].inputs
                guard next < inputs.count else {
                    states[index] = .done
                    result.append(steps[index])
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                guard let wire = inputs[next].wire, let maker = makers[wire] else { continue }
                if states[maker] == .open {
                    for entry in stack.drop(while: { $0.step != maker }) {
                        if case .block(let block) = steps[entry.step].callee { tangled.insert(block.path) }
                    }
                    return nil
                }
                if states[maker] == .untouched {
                    states[maker] = .open
                    stack.append((maker, 0))
                }
            }
        }
        return result
    }
}
