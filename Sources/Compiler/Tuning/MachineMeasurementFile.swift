import Foundation
import Interchange
import LoopNest
import Machine

/// What was measured of the machine itself, beside what was measured of choices: one JSON object, in a file named after the processor.
extension TuningStore {
    /// Changes whenever a figure gets another meaning.
    private static let measurementFormat = "braid-machine-1"
    private static let largestMeasurement = 1 << 20
    private static let measurementRepair = "measure again with `braid tune --machine`, or remove it with `braid tune --machine --clear`"

    private struct Contents: Codable {
        var format: String
        var machine: String
        var measurement: MachineMeasurement
    }

    /// What the figures are of: the processor's model, its units and caches, and the cores.
    private static func machine(_ target: Target) -> String {
        var unmeasured = target
        unmeasured.speed = .amdZen4
        return "\(HostProcessor.model); \(target.cores) cores; \(TuningTable(unmeasured).machine)"
    }

    /// The file of this machine, all of whose units `target` has.
    public func measurementPath(for target: Target) -> String {
        let digest = String(stableHash(Self.machine(target)), radix: 16)
        return directory.appending(path: "machine-\(Self.fileName(target.processor))-\(digest).json").path(percentEncoded: false)
    }

    /// What was measured of the machine; nil where there is no file.
    ///
    /// Throws where the file is no such measurement, or its figures are none that a machine can have.
    public func readMeasurement(for target: Target) throws(InterchangeError) -> MachineMeasurement? {
        let path = measurementPath(for: target)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let data = try InputFile.read(path, maximum: Self.largestMeasurement)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let contents = try? decoder.decode(Contents.self, from: data) else {
            throw InterchangeError(path, "this is no measurement of a machine", repair: Self.measurementRepair)
        }
        guard contents.format == Self.measurementFormat, contents.machine == Self.machine(target) else {
            throw InterchangeError(path, "this is no measurement of this machine and version", repair: Self.measurementRepair)
        }
        if let wrong = contents.measurement.speed.implausible(for: target) {
            throw InterchangeError(path, .entry(wrong), "no machine has such a figure", repair: Self.measurementRepair)
        }
        guard contents.measurement.isShowable else {
            throw InterchangeError(path, "this is no measurement of a machine", repair: Self.measurementRepair)
        }
        return contents.measurement
    }

    /// Keeps what was measured, in place of what is there.
    public func write(_ measurement: MachineMeasurement, for target: Target) throws(InterchangeError) {
        try OutputPath.makeFolder(folder)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let contents = Contents(format: Self.measurementFormat, machine: Self.machine(target), measurement: measurement)
        guard let bytes = try? encoder.encode(contents) else { preconditionFailure("a measurement is of numbers that JSON has") }
        try AtomicFile.write(bytes + [UInt8(ascii: "\n")], to: measurementPath(for: target))
    }

    /// Checks that the file can be written, before anything is measured.
    public func requireMeasurementWritable(for target: Target) throws(InterchangeError) {
        try OutputPath.requireFolder(folder)
        let path = measurementPath(for: target)
        if FileManager.default.fileExists(atPath: path) { try OutputPath.requireWritable(path) }
    }

    /// Forgets what was measured of the machine.
    ///
    /// - Returns: whether there was anything.
    @discardableResult
    public func clearMeasurement(for target: Target) throws(InterchangeError) -> Bool {
        let path = measurementPath(for: target)
        guard FileManager.default.fileExists(atPath: path) else { return false }
        try remove(path)
        return true
    }
}

extension MachineSpeed {
    /// The first figure that cannot be one of the target's machine, which schedules would be misled by; nil if all can. Ranges are a
    /// hundred times what any processor has.
    fileprivate func implausible(for target: Target) -> String? {
        let figures: [(name: String, value: Double, range: ClosedRange<Double>)] = [
            ("cycles_per_second", cyclesPerSecond, 1e6...1e13), ("load", load, 0.001...1e3), ("store", store, 0.001...1e3),
            ("task", task, 1...1e6), ("level2_line", level2Line, 0.01...1e4), ("level3_line", level3Line, 0.01...1e5),
            ("memory_line", memoryLine, 0.01...1e6), ("prefetched_line", prefetchedLine, 0.01...1e6),
            ("memory_share", memoryShare, 0.0001...1),
            ("unhidden", unhidden, 0...1), ("register_tiles", registerTiles, 0.1...100), ("filtering", filtering, 0.1...100),
            ("pair_rate", pairRate ?? 1, 0.01...100),
            ("tiles.product", tiles.product, 0.01...1e5), ("tiles.load", tiles.load, 0.01...1e5),
            ("tiles.level2_load", tiles.level2Load, 0.01...1e6), ("tiles.unhidden", tiles.unhidden, 0...1),
            ("cores_of_level3", Double(coresOfLevel3), 1...65536), ("lanes", Double(lanes), Double(target.lanes)...Double(target.lanes)),
        ]
        return figures.first { !$0.range.contains($0.value) }.map(\.name)
    }
}

extension MachineMeasurement {
    /// Whether its figures are numbers, and its texts can be shown on a terminal, which control characters would steer.
    fileprivate var isShowable: Bool {
        figures.allSatisfy { $0.value.isFinite && $0.value > 0 && $0.noise.isFinite }
            && [model, measuredAt, speed.source].allSatisfy { text in
                text.count < 256 && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            }
    }
}
