import Compiler
import LoopNest
import Machine

/// What was measured of the machine, as people and programs read it.
struct MachineReport {
    private let measurement: MachineMeasurement

    init(_ measurement: MachineMeasurement) { self.measurement = measurement }

    /// A line that is rewritten where that is possible; else one a round.
    static func progress(_ figure: SpeedFigure, done: Int, of total: Int) {
        let percent = Format.percent(Double(done) / Double(max(1, total)), 0)
        if Console.errorIsTerminal {
            Console.error("\r\u{1B}[Kmeasuring \(title(figure)), \(percent)")
        } else if figure == .multiplyAdds || done == total {
            Console.error("measuring, \(percent)\n")
        }
    }

    static func endProgress() { if Console.errorIsTerminal { Console.error("\r\u{1B}[K") } }

    func show(path: String) {
        let host = Target.host
        let (speed, known) = (measurement.speed, host.speed)
        print("\(Console.bold(measurement.model)), \(host.unitSummary), measured \(measurement.measuredAt)")
        var table = Table(("", .left), ("measured", .right), ("", .left), ("cycles", .right), (known.source, .right), ("noise", .right))
        for figure in measurement.figures {
            let cycles = Self.cycles(figure.name).map { (Format.figure($0(speed)), Format.figure($0(known))) }
            table.add(
                Self.title(figure.name), Format.fixed(figure.value, figure.value < 10 ? 2 : 1), Self.unit(figure.name), cycles?.0 ?? "",
                cycles?.1 ?? "", Format.percent(figure.noise, 0))
        }
        print(table.text, terminator: "")
        let clock = measurement.clock.map { ", about \(Format.fixed($0, 1)) GHz" } ?? ""
        let cycle = Format.fixed(1e9 / speed.cyclesPerSecond, 2), knownCycle = Format.fixed(1e9 / known.cyclesPerSecond, 2)
        print("a cycle is a multiply-add of \(speed.lanes) numbers: \(cycle) ns (\(known.source): \(knownCycle))\(clock)")
        print("cycles are those of a register, or from level 2 on of a line of 64 bytes")
        print(
            "a core fills \(Format.percent(speed.memoryShare, 0)) of the way to memory that \(measurement.cores) share (\(known.source): "
                + "\(Format.percent(known.memoryShare, 0))), and \(Format.percent(speed.unhidden, 0)) of what overlaps shows "
                + "(\(Format.percent(known.unhidden, 0)))")
        print(
            "the system says of caches: "
                + [host.caches.level1, host.caches.level2, host.caches.level3].map(Format.bytes).joined(separator: ", "))
        print("kept in \(path)")
    }

    private static func title(_ figure: SpeedFigure) -> String {
        switch figure {
        case .multiplyAdds: "multiply-adds"
        case .multiplyAddLatency: "latency of a multiply-add"
        case .dotProducts: "dot products of pairs of bf16"
        case .tileProducts: "products of tiles of bf16"
        case .level1Reads: "reads from level 1"
        case .level1Writes: "writes to level 1"
        case .level2Reads: "reads from level 2"
        case .level3Reads: "reads from level 3"
        case .memoryReads: "reads from memory"
        case .sharedMemoryReads: "reads from memory, all cores"
        case .prefetchedReads: "prefetched reads from memory"
        case .readsBesideArithmetic: "prefetched reads beside as much arithmetic"
        }
    }

    private static func unit(_ figure: SpeedFigure) -> String {
        switch figure {
        case .multiplyAdds, .dotProducts, .tileProducts: "GFLOP/s"
        case .multiplyAddLatency: "ns"
        default: "GB/s"
        }
    }

    /// Where the cost model has a figure.
    private static func cycles(_ figure: SpeedFigure) -> ((MachineSpeed) -> Double)? {
        switch figure {
        case .tileProducts: { $0.tiles.product }
        case .level1Reads: { $0.load }
        case .level1Writes: { $0.store }
        case .level2Reads: { $0.level2Line }
        case .level3Reads: { $0.level3Line }
        case .memoryReads: { $0.memoryLine }
        case .prefetchedReads: { $0.prefetchedLine }
        case .multiplyAdds, .multiplyAddLatency, .dotProducts, .sharedMemoryReads, .readsBesideArithmetic: nil
        }
    }

    /// The measurement as one JSON object.
    struct Record: Encodable {
        var path: String
        var machine: String
        var units: String
        var level1Bytes: Int
        var level2Bytes: Int
        var level3Bytes: Int
        /// Null where the machine was not measured.
        var measuredAt: String?
        var cores: Int?
        var clockGhz: Double?
        var figures: [MachineMeasurement.Figure]?
        /// What predictions go by, and what they go by without a measurement.
        var speed: MachineSpeed
        var known: MachineSpeed

        init(_ measurement: MachineMeasurement?, path: String) {
            let host = Target.host
            self.path = path
            (machine, units) = (measurement?.model ?? HostProcessor.model, host.unitSummary)
            (level1Bytes, level2Bytes, level3Bytes) = (host.caches.level1, host.caches.level2, host.caches.level3)
            (measuredAt, cores, clockGhz) = (measurement?.measuredAt, measurement?.cores, measurement?.clock)
            figures = measurement?.figures
            (speed, known) = (measurement?.speed ?? host.speed, host.speed)
        }
    }
}
