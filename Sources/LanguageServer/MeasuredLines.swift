import Compiler
import Foundation
import Source

/// What `braid bench --save` measured of documents' lines, found in the folders around them.
struct MeasuredLines {
    /// What was measured of one line, and how.
    struct Measurement {
        var time: LineTime
        var record: BenchmarkRecord
    }

    /// Larger files are no such records, and so many in a folder are something else.
    private static let maximumBytes = 8 << 20
    private static let mostFiles = 200
    /// How many folders above a document are looked at.
    private static let mostFolders = 6

    private struct Version: Equatable {
        var size: Int
        var changed: Date
    }
    /// What was read of files, by their paths; without a record where one is none.
    private var known: [String: (version: Version, record: BenchmarkRecord?)] = [:]

    /// What the newest record of each network tells of a document, by lines of its text as it is now, counted from 0. Where the text of a line
    /// was changed since, nothing is told of it; where lines were added above, it is found again.
    ///
    /// - Parameter root: the folder that the editor has open; where none is known, the document's own folder alone is looked at.
    mutating func lines(of document: Document, within root: String?) -> [Int: [Measurement]] {
        guard document.path.hasPrefix("/") else { return [:] }
        var newest: [String: (record: BenchmarkRecord, lines: [LineTime])] = [:]
        for folder in Self.folders(around: document.path, within: root) {
            for (path, record) in records(in: folder) {
                let lines = (record.lines ?? []).filter { time in
                    time.line > 0 && Self.path(of: time, recordedAt: path) == Self.resolved(document.path)
                }
                let name = "\(record.network) \(record.training)"
                if lines.isEmpty || newest[name].map({ $0.record.measuredAt >= record.measuredAt }) ?? false { continue }
                newest[name] = (record, lines)
            }
        }
        var found: [Int: [Measurement]] = [:]
        let places = Dictionary(
            grouping: document.source.lineStarts.indices, by: { document.source.line($0).trimmingCharacters(in: .whitespaces) })
        for (record, lines) in newest.sorted(by: { $0.key < $1.key }).map(\.value) {
            for time in lines {
                guard let place = places[time.text]?.min(by: { abs($0 - time.line + 1) < abs($1 - time.line + 1) }) else { continue }
                found[place, default: []].append(Measurement(time: time, record: record))
            }
        }
        return found
    }

    /// A document's folder, and those above up to the one that the editor has open.
    private static func folders(around path: String, within root: String?) -> [String] {
        var folder = URL(filePath: path).deletingLastPathComponent().standardizedFileURL
        var folders = [folder.path]
        guard let root = root.map({ URL(filePath: $0).standardizedFileURL.path }), (folder.path + "/").hasPrefix(root + "/") else {
            return folders
        }
        while folder.path != root, folders.count < mostFolders {
            folder = folder.deletingLastPathComponent()
            folders.append(folder.path)
        }
        return folders
    }

    private mutating func records(in folder: String) -> [(path: String, record: BenchmarkRecord)] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".json") }
        return names.sorted().prefix(Self.mostFiles).compactMap { name in
            let path = folder + "/" + name
            guard let values = try? FileManager.default.attributesOfItem(atPath: path), values[.type] as? FileAttributeType == .typeRegular,
                let size = values[.size] as? Int, size <= Self.maximumBytes, let changed = values[.modificationDate] as? Date
            else { return nil }
            let version = Version(size: size, changed: changed)
            if known[path]?.version != version { known[path] = (version, try? BenchmarkRecord(reading: path)) }
            return known[path]?.record.map { (path, $0) }
        }
    }

    private static func path(of line: LineTime, recordedAt path: String) -> String {
        line.file.hasPrefix("/")
            ? resolved(line.file) : resolved(URL(filePath: path).deletingLastPathComponent().path + "/" + line.file)
    }

    private static func resolved(_ path: String) -> String { URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath().path }
}
