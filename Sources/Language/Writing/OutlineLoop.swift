/// Steps that are repeated: each round takes what the one before gives, and says the same but for a number in its labels.
final class OutlineLoop {
    /// The first round, whose labels have `{i}` for the number.
    let steps: [OutlineStep]
    let numbers: ClosedRange<Int>
    /// The wire that the first round takes from outside and each other one from the one before; the one that the first round gives; and
    /// that of the last.
    let start: Int
    let carried: Int
    let end: Int
    /// The other wires that all rounds take.
    let invariants: [Int]

    init(steps: [OutlineStep], numbers: ClosedRange<Int>, start: Int, carried: Int, end: Int, invariants: [Int]) {
        self.steps = steps
        self.numbers = numbers
        self.start = start
        self.carried = carried
        self.end = end
        self.invariants = invariants
    }

    static let variable = "i"
}

/// Finds the loops of a body.
struct LoopFinder {
    private let steps: [OutlineStep]
    /// The steps that use each wire; the body's results count as one behind all steps.
    private var users: [Int: [Int]] = [:]
    private var makers: [Int: Int] = [:]

    /// Rounds have no more steps.
    private static let longestRound = 24

    /// The steps with loops in the place of those that they repeat.
    static func folded(_ body: OutlineBody) -> [OutlineStep] {
        let finder = LoopFinder(body)
        var result: [OutlineStep] = []
        var index = 0
        while index < body.steps.count {
            if let (loop, count) = finder.loop(at: index) {
                let step = OutlineStep(.loop(loop), order: body.steps[index].order, results: [loop.end])
                step.operands = ([loop.start] + loop.invariants).map(Operand.wire)
                result.append(step)
                index += count
            } else {
                result.append(body.steps[index])
                index += 1
            }
        }
        return result
    }

    private init(_ body: OutlineBody) {
        steps = body.steps
        for (index, step) in steps.enumerated() {
            for operand in step.inputs { if let wire = operand.wire { users[wire, default: []].append(index) } }
            for case let wire? in step.results { makers[wire] = index }
        }
        for operand in body.results { if let wire = operand.wire { users[wire, default: []].append(steps.count) } }
    }

    private func loop(at start: Int) -> (loop: OutlineLoop, count: Int)? {
        let first = steps[start]
        guard first.ownsParameters || first.isBlock, !first.label.isEmpty else { return nil }
        for length in 1...Self.longestRound where start + 2 * length <= steps.count {
            guard let number = Self.number(first.label, steps[start + length].label) else { continue }
            guard let carried = carried(start, length) else { continue }
            var count = 1
            while start + (count + 1) * length <= steps.count,
                isRound(start + count * length, after: count, of: start, length, number, carried: carried)
            { count += 1 }
            // Too few are as short in a row.
            guard count >= (length == 1 ? 6 : length <= 3 ? 4 : 3) else { continue }
            if let loop = made(start, length, count, number, carried: carried) { return (loop, count * length) }
        }
        return nil
    }

    /// The place in a round of the one wire that the next round takes.
    private func carried(_ start: Int, _ length: Int) -> (step: Int, result: Int)? {
        var found: (step: Int, result: Int)?
        for step in steps[(start + length)..<(start + 2 * length)] {
            for operand in step.inputs {
                guard let wire = operand.wire, let maker = makers[wire], maker >= start, maker < start + length,
                    let result = steps[maker].results.firstIndex(of: wire)
                else { continue }
                let place = (maker - start, result)
                if let found, found != place { return nil }
                found = place
            }
        }
        return found
    }

    private func wire(_ start: Int, _ place: (step: Int, result: Int)) -> Int? { steps[start + place.step].results[place.result] }

    /// Whether a round says the same as the first one.
    private func isRound(
        _ start: Int, after count: Int, of first: Int, _ length: Int, _ number: LabelNumber, carried: (step: Int, result: Int)
    ) -> Bool {
        guard let entry = wire(start - length, carried) else { return false }
        var firstEntry: Int?
        for offset in 0..<length {
            let (a, b) = (steps[first + offset], steps[start + offset])
            guard isSame(a.callee, b.callee), !a.isShared, !b.isShared, a.results.map({ $0 == nil }) == b.results.map({ $0 == nil }),
                a.arguments.map(\.value) == b.arguments.map(\.value), a.arguments.map(\.name) == b.arguments.map(\.name),
                a.given.map(\.input) == b.given.map(\.input), a.inputs.count == b.inputs.count, a.needsLabel == b.needsLabel
            else { return false }
            if a.needsLabel, number.replaced(in: a.label, by: "\(number.value + count)") != b.label { return false }
            for (x, y) in zip(a.inputs, b.inputs) {
                guard let own = x.wire, let other = y.wire else {
                    if x != y { return false }
                    continue
                }
                if other == entry {
                    // What the first round takes from outside.
                    if let firstEntry, firstEntry != own { return false }
                    firstEntry = own
                    if let maker = makers[own], maker >= first { return false }
                } else if let maker = makers[other], maker >= start {
                    guard let own = makers[own], own - first == maker - start,
                        steps[maker].results.firstIndex(of: other) == steps[own].results.firstIndex(of: x.wire)
                    else { return false }
                } else if own != other {
                    return false
                }
            }
        }
        return firstEntry != nil
    }

    private func isSame(_ a: OutlineStep.Callee, _ b: OutlineStep.Callee) -> Bool {
        switch (a, b) {
        case (.operation(let a), .operation(let b)): a == b
        case (.function, .function): true
        case (.block(let a), .block(let b)): a.type != nil && a.type === b.type
        default: false
        }
    }

    private func made(_ start: Int, _ length: Int, _ count: Int, _ number: LabelNumber, carried: (step: Int, result: Int)) -> OutlineLoop? {
        let end = start + count * length
        guard let own = wire(start, carried), let last = wire(end - length, carried) else { return nil }
        // Nothing but what is carried leaves a round.
        for index in start..<end {
            let round = (index - start) / length
            for case let wire? in steps[index].results {
                let isCarried = index - start - round * length == carried.step && wire == self.wire(start + round * length, carried)
                let roundEnd = start + (round + (isCarried ? 2 : 1)) * length
                if isCarried, round == count - 1 { continue }
                if users[wire]?.contains(where: { $0 >= roundEnd }) == true { return nil }
            }
        }
        var entry: Int?
        var invariants: [Int] = []
        for offset in 0..<length {
            for (x, y) in zip(steps[start + offset].inputs, steps[start + length + offset].inputs) {
                guard let wire = x.wire else { continue }
                if y.wire == own {
                    entry = wire
                } else if makers[wire].map({ $0 < start }) ?? true, !invariants.contains(wire) {
                    invariants.append(wire)
                }
            }
        }
        guard let entry, !invariants.contains(entry) else { return nil }
        let model = steps[start..<(start + length)].map { step in
            let copy = step.copy()
            copy.label = number.replaced(in: step.label, by: "{\(OutlineLoop.variable)}")
            return copy
        }
        return OutlineLoop(
            steps: model, numbers: number.value...(number.value + count - 1), start: entry, carried: own, end: last, invariants: invariants)
    }

    /// A number in a label: the part that it stands in, and what stands around it there.
    struct LabelNumber {
        var part: Int
        var front: String
        var value: Int
        var back: String

        /// A label of the same path with another text for the number; unchanged where it has no such part.
        func replaced(in label: [String], by text: String) -> [String] {
            var label = label
            if label.indices.contains(part), label[part] == front + "\(value)" + back { label[part] = front + text + back }
            return label
        }
    }

    /// The one number by which a label differs from that of the next round, where it is larger by one there.
    private static func number(_ label: [String], _ next: [String]) -> LabelNumber? {
        guard label.count == next.count else { return nil }
        let differing = label.indices.filter { label[$0] != next[$0] }
        guard differing.count == 1, let part = differing.first else { return nil }
        let (a, b) = (Array(label[part]), Array(next[part]))
        var front = zip(a, b).prefix { $0 == $1 }.count
        // The digits that are alike in front belong to the number.
        while front > 0, a[front - 1].isNumber { front -= 1 }
        let digits = a[front...].prefix { $0.isNumber }
        let others = b[front...].prefix { $0.isNumber }
        guard let value = Int(String(digits)), let following = Int(String(others)), following == value + 1, "\(value)" == String(digits),
            a[(front + digits.count)...] == b[(front + others.count)...]
        else { return nil }
        return LabelNumber(
            part: part, front: String(a[..<front]), value: value, back: String(a[(front + digits.count)...]))
    }
}
