extension Plan {
    /// Keeps of the parameters, and of what is computed from them, only what the steps read: the rest gets temporary memory, which the
    /// arena has anyway.
    ///
    /// Whoever runs the plan then goes through the preparation step by step and gives each parameter its value just before the first
    /// step that reads it. The steps are put into an order in which what one computes is soon used up. Parameters that the plan updates
    /// are read by steps, so they stay.
    public mutating func streamParameters() {
        var isKept = [Bool](repeating: false, count: buffers.count)
        for step in steps { for buffer in step.buffers { isKept[buffer] = true } }
        for output in outputs { isKept[output.buffer] = true }
        preparation = orderedPreparation(for: isKept)

        var lifetimes: [Int: ClosedRange<Int>] = [:]
        for (number, step) in preparation.enumerated() {
            for buffer in step.buffers where !isKept[buffer] && canBeTemporary(buffer) {
                lifetimes[buffer] = (lifetimes[buffer]?.lowerBound ?? number)...number
            }
        }
        let order = lifetimes.keys.sorted()
        let memory = MemoryPlan(
            order.map { .init(bytes: buffers[$0].bytes, first: lifetimes[$0]!.lowerBound, last: lifetimes[$0]!.upperBound) })
        for (buffer, offset) in zip(order, memory.offsets) { buffers[buffer].storage = .temporary(offset) }
        temporaryBytes = memory.bytes
        streamsParameters = true
    }

    /// Sources of parameters give floating-point numbers.
    private func canBeTemporary(_ buffer: Int) -> Bool {
        switch buffers[buffer].storage {
        case .parameter: buffers[buffer].element == .f32
        case .prepared, .arena: true
        case .input, .temporary: false
        }
    }

    /// The preparation steps that fill what is kept, each after those that it needs, which come as late as they can.
    private func orderedPreparation(for isKept: [Bool]) -> [Step] {
        let needs = preparationNeeds()
        var isListed = [Bool](repeating: false, count: preparation.count)
        var result: [Step] = []
        for (goal, step) in preparation.enumerated() where writes(step).contains(where: { isKept[$0] }) {
            // Depth first; a stack of its own, since a hostile graph may be deep.
            var path = [(step: goal, next: 0)]
            while let (current, next) = path.last {
                if isListed[current] {
                    path.removeLast()
                } else if next < needs[current].count {
                    path[path.count - 1].next += 1
                    path.append((needs[current][next], 0))
                } else {
                    isListed[current] = true
                    result.append(preparation[current])
                    path.removeLast()
                }
            }
        }
        return result
    }

    /// For every preparation step the earlier ones that must come before it: they write what it touches, or read what it writes over.
    private func preparationNeeds() -> [[Int]] {
        var writers: [Int: [Int]] = [:]
        var readers: [Int: [Int]] = [:]
        return preparation.enumerated().map { number, step in
            let written = writes(step)
            var needed: Set<Int> = []
            for buffer in step.buffers { needed.formUnion(writers[buffer] ?? []) }
            for buffer in written { needed.formUnion(readers[buffer] ?? []) }
            for buffer in step.buffers { readers[buffer, default: []].append(number) }
            for buffer in written { writers[buffer, default: []].append(number) }
            return needed.subtracting([number]).sorted()
        }
    }

    /// The buffers that a step writes to.
    public func writes(_ step: Step) -> [Int] {
        zip(kernels[step.kernel].parameters, step.buffers).compactMap { parameter, buffer in parameter.access == .read ? nil : buffer }
    }
}
