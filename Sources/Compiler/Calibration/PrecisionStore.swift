import Foundation
import Graph
import Interchange
import Kernels
import LoopNest
import Runtime

/// The assignments of precision that were found, on disk: a file for all that one was found for.
///
/// A file appears whole or not at all. One that is damaged, or was found with other kernels, is not used, and is replaced.
public struct PrecisionStore: Sendable {
    public let directory: URL

    private static let format = "braid-precision-1"
    private static let largestFile = 16 << 20

    public init(directory: URL) { self.directory = directory }

    /// The user's, beside what was tuned; nil where nothing is kept.
    public static var standard: PrecisionStore? { TuningStore.standard.map { PrecisionStore(directory: $0.directory) } }

    private struct Contents: Codable {
        var format: String
        var key: String
        var assignment: PrecisionAssignment
    }

    private func path(_ key: String) -> String {
        directory.appending(path: "precision-\(key.prefix(16)).json").path(percentEncoded: false)
    }

    /// What was found before; nil where nothing was.
    ///
    /// Throws where the file is none of these.
    func read(_ key: String) throws(InterchangeError) -> PrecisionAssignment? {
        let path = path(key)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let data = try InputFile.read(path, maximum: Self.largestFile)
        guard let contents = try? JSONDecoder().decode(Contents.self, from: data), contents.format == Self.format, contents.key == key,
            contents.assignment.isShowable
        else { throw InterchangeError(path, "this is no precision that was found", repair: "remove it; it is found again") }
        return contents.assignment
    }

    /// Forgets all that was found.
    ///
    /// - Returns: the files that were removed.
    public func clear() throws(InterchangeError) -> [String] {
        let folder = directory.path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var removed: [String] = []
        for name in names.sorted() where name.hasPrefix("precision-") && name.hasSuffix(".json") && name.utf8.count == 31 {
            let path = directory.appending(path: name).path(percentEncoded: false)
            guard unlink(path) == 0 else {
                throw InterchangeError(
                    path, "the file cannot be removed (\(String(cString: strerror(errno))))", repair: "check the folder's permissions")
            }
            removed.append(path)
        }
        return removed
    }

    func write(_ assignment: PrecisionAssignment, _ key: String) throws(InterchangeError) {
        try OutputPath.makeFolder((directory.path(percentEncoded: false) as NSString).standardizingPath)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let contents = Contents(format: Self.format, key: key, assignment: assignment)
        guard let data = try? encoder.encode(contents) else { preconditionFailure("an assignment is of numbers that JSON has") }
        try AtomicFile.write(data, to: path(key))
    }
}

extension PrecisionAssignment {
    /// Whether its numbers are numbers, and its texts can be shown on a terminal, which control characters would steer.
    fileprivate var isShowable: Bool {
        let wholes = [chosen, f32, bf16]
        let numbers =
            [tolerance] + wholes.flatMap { [$0.error, $0.predictedSeconds] } + layers.flatMap { [$0.secondsF32, $0.secondsBF16] }
        let texts = [network, samples, numerics] + layers.flatMap { [$0.label, $0.algorithm, $0.unit] } + clauses.keys + outputs.keys
        return chosen.error <= tolerance && numbers.allSatisfy { $0 >= 0 && $0.isFinite } && wholes.allSatisfy { $0.predictedSeconds > 0 }
            && Numerics(numerics) != nil
            && texts.allSatisfy { $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } }
    }
}

extension Compiler {
    /// What `calibrate` finds, or found before for the same network, weights, samples, batch, tolerance and machine.
    ///
    /// - Parameters:
    ///   - store: where it is kept; nil keeps nothing.
    ///   - warn: called with what is wrong with the store, which stops nothing.
    /// - Returns: also whether it was found before.
    public func calibrate(
        _ network: Network, _ samples: CalibrationSamples, _ options: CalibrationOptions, pool: ThreadPool, store: PrecisionStore?,
        warn: (InterchangeError) -> Void, progress: (CalibrationProgress) -> Void
    ) throws -> (assignment: PrecisionAssignment, isKept: Bool) {
        guard let store else { return (try calibrate(network, samples, options, pool: pool, progress: progress), false) }
        try network.requireCalibratable(batch: options.batch)
        let key = try self.key(network, samples, options)
        do throws(InterchangeError) {
            if let found = try store.read(key), isStill(found, of: network) { return (found, true) }
        } catch {
            warn(error)
        }
        let found = try calibrate(network, samples, options, pool: pool, progress: progress)
        do throws(InterchangeError) { try store.write(found, key) } catch { warn(error) }
        return (found, false)
    }

    /// The compiler for an assignment, and the network with its clauses.
    public func applying(_ assignment: PrecisionAssignment, to network: Network) -> (Compiler, Network) {
        var (compiler, network) = (self, network)
        compiler.precision = nil
        if let numerics = Numerics(assignment.numerics), numerics != compiler.numerics {
            (compiler.numerics, compiler.tuned) = (numerics, .none)
        }
        network.graph.precisions = PrecisionClauses(assignment.clauses)
        return (compiler, network)
    }

    private func isStill(_ assignment: PrecisionAssignment, of network: Network) -> Bool {
        let (compiler, network) = applying(assignment, to: network)
        return (try? compiler.kernelDigest(network, network.graph.precisions, batch: assignment.batch)) == assignment.kernels
    }

    private func key(
        _ network: Network, _ samples: CalibrationSamples, _ options: CalibrationOptions
    ) throws(InterchangeError) -> String {
        var parts = [
            network.graph.text(), samples.digest, "\(options.tolerance) \(options.batch) \(numerics)", TuningTable(target).machine,
        ]
        parts.append(tuned.withoutSchedules.text)
        if let weights = options.weights { parts.append(try weights.fingerprint()) }
        return SHA256.hexadecimal(Array(parts.joined(separator: "\n").utf8))
    }
}
