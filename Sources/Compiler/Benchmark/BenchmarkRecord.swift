import Foundation
import Graph
import Interchange
import Kernels
import LoopNest
import Machine

/// A measurement as a file keeps it: one JSON object, keys in snake_case. `braid bench --json` prints it, `--save` writes it.
public struct BenchmarkRecord: Codable, Hashable, Sendable {
    /// What the figures depend on besides the network and how it is run.
    public struct Machine: Codable, Hashable, Sendable {
        public var processor: String
        /// f32 values in a vector register.
        public var lanes: Int
        /// Bytes of a core's second-level cache, and of the last-level one.
        public var level2: Int
        public var level3: Int
        /// The target, where it is not this machine with all its units.
        public var target: String?
        /// The units that code is made for, for people; older files have none.
        public var units: String?
        /// Whose figures the cost model went by, and those that choices follow from; older files have none.
        public var costModel: String?
        public var figures: String?

        public init(_ target: Target) {
            (processor, lanes, level2, level3) = (target.processor, target.lanes, target.caches.level2, target.caches.level3)
            self.target = target.name == "host" ? nil : target.name
            units = target.unitSummary
            (costModel, figures) = (target.speed.source, target.speed.figures)
        }
    }

    /// An algorithm with its prediction, or why it may not be taken.
    public struct Candidate: Codable, Hashable, Sendable {
        public var algorithm: String
        public var predictedMs: Double?
        public var reason: String?
        /// Whether measurements chose it, or how its work is cut.
        public var tuned: Bool?

        init(_ candidate: AlgorithmChoice.Candidate, isTuned: Bool = false) {
            algorithm = candidate.algorithm
            tuned = isTuned ? true : nil
            predictedMs = candidate.predictedSeconds.map { $0 * 1e3 }
            reason = candidate.reason
        }
    }

    /// One step of the plan: a kernel with its median time, rates and bound.
    public struct Step: Codable, Hashable, Sendable {
        public var kernel: String
        public var summary: String
        public var ms: Double
        public var minMs: Double
        public var macs: Int
        public var bytes: Int
        public var gflops: Double
        public var gbPerS: Double
        public var leastMs: Double
        /// Nil without a contraction, and in records of versions that knew multiply-adds alone.
        public var unit: ProductUnit?
        public var bound: StepBound
        public var shareOfPeak: Double
        public var algorithm: Candidate?
        public var rejected: [Candidate]?
    }

    public var network: String
    public var batch: Int
    public var threads: Int
    public var cores: Int
    public var numerics: String
    /// Nil in records of versions that knew f32 alone.
    public var precision: String?
    public var training: Bool
    public var machine: Machine
    /// When it was measured, in UTC.
    public var measuredAt: String
    public var runs: Int
    public var medianMs: Double
    public var minMs: Double
    public var p90Ms: Double
    public var imagesPerSecond: Double
    public var gflops: Double
    public var macs: Int
    public var compileMs: Double
    public var firstRunMs: Double
    public var peakRssMb: Double
    public var memoryMb: Double
    public var kernels: Int
    public var cachedKernels: Int
    public var peak: MachinePeak?
    public var steps: [Step]?
    /// What lines of the source cost, by which editors show it; nil where it was not measured, and in older records.
    public var lines: [LineTime]?
    /// How well the cost model foresaw the steps; nil with several threads, since it says what one takes.
    public var predictions: PredictionQuality?
    public var errors: [ContractionAccuracy]?

    public init(_ result: Benchmark, target: Target = .host, at date: Date = Date()) {
        network = result.network
        batch = result.batch
        threads = result.threads
        cores = result.cores
        numerics = "\(result.numerics)"
        precision = result.precision
        training = result.isTraining
        machine = Machine(target)
        measuredAt = date.formatted(.iso8601)
        runs = result.seconds.count
        medianMs = result.median * 1e3
        minMs = result.minimum * 1e3
        p90Ms = result.ninetieth * 1e3
        imagesPerSecond = Double(result.batch) / result.median
        gflops = result.gigaflops
        macs = result.macs
        compileMs = result.compileSeconds * 1e3
        firstRunMs = result.firstRunSeconds * 1e3
        peakRssMb = Double(result.peakMemoryBytes) / 1_048_576
        memoryMb = Double(result.memoryBytes) / 1_048_576
        kernels = result.kernels
        cachedKernels = result.cachedKernels
        peak = result.peak
        steps = result.peak == nil ? nil : result.steps.map(Step.init)
        lines = result.lines
        predictions = result.peak == nil || result.threads > 1 ? nil : PredictionQuality(result.steps)
        errors = result.errors
    }
}

extension BenchmarkRecord.Step {
    init(_ step: Benchmark.Step) {
        kernel = step.kernel
        summary = step.summary
        ms = step.seconds * 1e3
        minMs = step.fastestSeconds * 1e3
        macs = step.multiplyAccumulates
        bytes = step.bytes
        gflops = step.gigaflops
        gbPerS = step.gigabytesPerSecond
        leastMs = step.leastSeconds * 1e3
        unit = step.unit
        bound = step.bound
        shareOfPeak = step.shareOfPeak
        algorithm = step.choice.map { .init($0.chosen, isTuned: $0.isTuned) }
        rejected = step.choice.flatMap { $0.rejected.isEmpty ? nil : $0.rejected.map { BenchmarkRecord.Candidate($0) } }
    }
}

extension BenchmarkRecord.Machine: CustomStringConvertible {
    public var description: String {
        "\(processor), \(lanes) lanes, caches of \(MachineMemory.text(level2)) and \(MachineMemory.text(level3))"
            + (target.map { ", target \($0)" } ?? "")
    }
}

// MARK: Files

extension BenchmarkRecord {
    /// Writes the record, atomically. Files of its lines are named from where it is.
    public func write(to path: String) throws(InterchangeError) {
        var record = self
        let folder = URL(filePath: path).deletingLastPathComponent().path
        record.lines = lines?.map { $0.relative(to: folder) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Errors of broken weights may be infinite.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard var data = try? encoder.encode(record) else { preconditionFailure("a measurement is of numbers that JSON has") }
        data.append(UInt8(ascii: "\n"))
        try AtomicFile.write(data, to: path)
    }

    /// Reads what `write` wrote, or `braid bench --json` printed.
    ///
    /// Throws where the file is no such record, or its times are not positive.
    public init(reading path: String) throws(InterchangeError) {
        let repair = "name a file that `braid bench --save` wrote"
        let data = try InputFile.read(path, maximum: 64 << 20)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            self = try decoder.decode(BenchmarkRecord.self, from: data)
        } catch DecodingError.keyNotFound(let key, _) {
            throw InterchangeError(path, "this is no measurement: it has no '\(key.stringValue.inSnakeCase)'", repair: repair)
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty
        {
            let place = context.codingPath.map(\.stringValue.inSnakeCase).joined(separator: ".")
            throw InterchangeError(
                path, place.isEmpty ? .file : .entry(place), "this is not what a measurement has there", repair: repair)
        } catch {
            throw InterchangeError(path, "this is no JSON of a measurement", repair: repair)
        }
        let times =
            [("median_ms", medianMs), ("min_ms", minMs), ("p90_ms", p90Ms)]
            + (steps ?? []).flatMap { [("steps", $0.ms), ("steps", $0.minMs)] }
        if let wrong = times.first(where: { $0.0 == "steps" ? !($0.1 >= 0) : !($0.1 > 0) }) {
            throw InterchangeError(path, .entry(wrong.0), "a time is not \(wrong.1) ms", repair: repair)
        }
        // Texts are shown on terminals, which control characters would steer.
        let texts =
            [("network", network), ("numerics", numerics), ("measured_at", measuredAt), ("machine", machine.processor)]
            + [machine.target, machine.units, machine.costModel, machine.figures].compactMap(\.self).map { ("machine", $0) }
            + (steps ?? []).map { ("steps", $0.summary) } + (lines ?? []).map { ("lines", $0.file) }
        if let wrong = texts.first(where: { $0.1.unicodeScalars.contains { $0.properties.generalCategory == .control } }) {
            throw InterchangeError(path, .entry(wrong.0), "the text has control characters", repair: repair)
        }
    }
}

extension String {
    /// `medianMs` as `median_ms`, the way the files have it.
    fileprivate var inSnakeCase: String {
        reduce(into: "") { text, character in text += character.isUppercase ? "_" + character.lowercased() : String(character) }
    }
}
