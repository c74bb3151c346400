import Compiler

/// A study of threads as people read it.
struct ThreadReport {
    private let study: ThreadStudy
    /// Steps that are listed at most; the others lose less.
    private static let mostSteps = 10

    init(_ study: ThreadStudy) { self.study = study }

    func show() {
        let assumed = study.assumptions
        print(
            "\(Console.bold(study.network)), batch \(study.batch), by the cost model; assumed: memory \(Self.rate(assumed.memoryPerCore)) a core and "
                + "\(Self.rate(assumed.memory)) in all, caches \(Self.rate(assumed.cachePerCore)) a core, barriers of "
                + "\(Format.fixed(assumed.barrier * 1e6, 1)) us and \(Format.fixed(assumed.barrierPerDoubling * 1e6, 1)) more a doubling")
        var table = Table(
            ("cores", .right), ("ms", .right), ("images a second", .right), ("speed-up", .right), ("efficiency", .right),
            ("lost to the cut", .right), ("memory", .right), ("barriers", .right), ("steps with few tasks", .right),
            ("side by side, ms", .right))
        for machine in study.machines {
            table.add(
                "\(machine.cores)", Format.fixed(machine.seconds * 1e3, 2), Format.grouped(Int(Double(study.batch) / machine.seconds)),
                Format.fixed(machine.speedup, 1), Format.percent(machine.efficiency, 0), Format.percent(machine.lostToCut, 0),
                Format.percent(machine.lostToMemory, 0), Format.percent(machine.lostToBarriers, 0),
                "\(machine.stepsWithFewTasks) of \(machine.stepCount)", Format.fixed(machine.secondsSideBySide * 1e3, 2))
        }
        print(table.text, terminator: "")
        guard let last = study.machines.last, last.cores > 1 else { return }
        print("\nsteps that lose the most of \(last.cores) cores")
        var steps = Table(
            ("lost", .right), ("us of one core", .right), ("us of all", .right), ("tasks", .right), ("limit", .left), ("algorithm", .left),
            ("computes", .left))
        for step in study.steps.prefix(Self.mostSteps) {
            steps.add(
                Format.percent(step.lostSeconds / last.seconds, 1), Format.fixed(step.secondsOfOne * 1e6, 1),
                Format.fixed(step.seconds * 1e6, 1), "\(step.tasks)", step.limit.rawValue, step.algorithm ?? "", step.summary)
        }
        print(steps.text, terminator: "")
    }

    private static func rate(_ bytes: Double) -> String { Format.fixed(bytes * 1e-9, 0) + " GB/s" }
}
