import Foundation
import Interchange
import LoopNest
import Machine

/// What was measured on a machine, on disk: a file a machine, a line of JSON for what the file is and one for every entry.
///
/// Several processes may write at once: one waits for the other, reads what that wrote, and adds to it. A file appears whole or not at
/// all. One that is damaged, or is of another machine or version, is not used, and is replaced by the next that is written.
public struct TuningStore: Sendable {
    public let directory: URL

    /// Changes whenever keys or schedules get another meaning.
    private static let format = "braid-tuning-1"
    private static let largestFile = 32 << 20
    private static let repair = "measure again with `braid tune`, or remove it with `braid tune --clear`"

    public init(directory: URL) { self.directory = directory }

    /// The user's: `$BRAID_TUNING`, or beside the object files in the cache. Nil if `BRAID_TUNING` is `none`, or there is no cache.
    public static var standard: TuningStore? {
        if let chosen = ProcessInfo.processInfo.environment["BRAID_TUNING"], !chosen.isEmpty {
            return chosen == "none" ? nil : TuningStore(directory: URL(fileURLWithPath: chosen, isDirectory: true))
        }
        return ObjectCache.standard.map { TuningStore(directory: $0.directory) }
    }

    private struct Header: Codable, Equatable {
        var format: String
        var machine: String
    }

    /// The folder's path, without a slash at its end.
    var folder: String { (directory.path(percentEncoded: false) as NSString).standardizingPath }

    /// The file of a target, named after its processor and the whole of what choices follow from.
    public func path(for target: Target) -> String {
        // Tells machines apart; the file's first line says whose it is.
        let digest = stableHash(TuningTable(target).machine)
        return directory.appending(path: Self.prefix(target) + "\(String(digest, radix: 16)).jsonl").path(percentEncoded: false)
    }

    /// How the names of files of a processor begin.
    private static func prefix(_ target: Target) -> String { "tuning-\(fileName(target.processor))-" }

    /// A processor's name as a part of a file's.
    static func fileName(_ processor: String) -> String {
        String(processor.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    }

    /// What was measured on the target; nothing where there is no file.
    ///
    /// Throws where the file is no such table, or of another machine.
    public func read(for target: Target) throws(InterchangeError) -> TuningTable {
        let path = path(for: target)
        var table = TuningTable(target)
        guard FileManager.default.fileExists(atPath: path) else { return table }
        let data = try InputFile.read(path, maximum: Self.largestFile)
        let decoder = JSONDecoder()
        var entries: [TuningEntry] = []
        for (number, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if number == 0 {
                guard let header = try? decoder.decode(Header.self, from: line),
                    header == Header(format: Self.format, machine: table.machine)
                else { throw InterchangeError(path, "this is no table of measurements of this machine and version", repair: Self.repair) }
            } else if !line.isEmpty {
                guard let entry = try? decoder.decode(TuningEntry.self, from: line), entry.isShowable else {
                    throw InterchangeError(path, .entry("line \(number + 1)"), "this is no measurement", repair: Self.repair)
                }
                entries.append(entry)
            }
        }
        table.note(entries, measured: [])
        return table
    }

    /// Checks that the target's file can be written: measuring takes long.
    public func requireWritable(for target: Target) throws(InterchangeError) {
        try OutputPath.requireFolder(folder)
        let path = path(for: target)
        if FileManager.default.fileExists(atPath: path) { try OutputPath.requireWritable(path) }
    }

    /// Adds what was measured to the target's file, and gives what it then holds. A damaged file is replaced.
    @discardableResult
    public func add(
        _ found: [TuningEntry], measured: [TuningTable.Verdict], for target: Target
    ) throws(InterchangeError) -> TuningTable {
        let path = path(for: target)
        try OutputPath.makeFolder(folder)
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard lock >= 0 else {
            throw InterchangeError(
                path, "the file cannot be written (\(String(cString: strerror(errno))))", repair: "check the folder's permissions")
        }
        // Closing it unlocks; where locks do not work, the later of two writers wins.
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 && errno == EINTR {}
        var table = (try? read(for: target)) ?? TuningTable(target)
        table.note(found, measured: measured)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes = Data()
        func append(_ value: some Encodable) {
            guard let line = try? encoder.encode(value) else { preconditionFailure("a measurement is of numbers that JSON has") }
            bytes += line + [UInt8(ascii: "\n")]
        }
        append(Header(format: Self.format, machine: table.machine))
        for entry in table.entries { append(entry) }
        try AtomicFile.write(bytes, to: path)
        return table
    }

    /// Forgets what was measured on the target, whatever figures the cost model went by.
    ///
    /// - Returns: the files that were removed.
    @discardableResult
    public func clear(for target: Target) throws(InterchangeError) -> [String] {
        let files = files(for: target)
        for path in files { try remove(path) }
        return files
    }

    /// The files of the target: that of the figures that it has now, whatever lies there, and those of other figures.
    private func files(for target: Target) -> [String] {
        let path = path(for: target)
        let present = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let others = present.sorted().filter { $0.hasPrefix(Self.prefix(target)) && $0.hasSuffix(".jsonl") }
            .map { directory.appending(path: $0).path(percentEncoded: false) }
            .filter { other in
                guard other != path, let data = try? InputFile.read(other, maximum: Self.largestFile),
                    let line = data.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first,
                    let header = try? JSONDecoder().decode(Header.self, from: line)
                else { return false }
                return TuningTable.isMachine(header.machine, of: target)
            }
        return (FileManager.default.fileExists(atPath: path) ? [path] : []) + others
    }

    func remove(_ path: String) throws(InterchangeError) {
        guard unlink(path) == 0 else {
            throw InterchangeError(
                path, "the file cannot be removed (\(String(cString: strerror(errno))))", repair: "check the folder's permissions")
        }
    }
}

extension TuningEntry {
    /// Whether its times are times, and its texts can be shown on a terminal, which control characters would steer.
    fileprivate var isShowable: Bool {
        msBefore.isFinite && msAfter.isFinite && msBefore > 0 && msAfter > 0 && threads >= 1
            && [shape, numerics, layer, choice.algorithm].allSatisfy { text in
                text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            }
    }
}
