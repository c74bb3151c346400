import Foundation
import Interchange
import Testing
import Training

/// A folder of its own for one test, removed at its end.
final class DatasetTestFolder {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "/braid-dataset-\(UUID().uuidString)"
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, with the folders it needs.
    func write(_ bytes: some ContiguousBytes, to name: String) throws {
        let path = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try AtomicFile.write(bytes, to: path)
    }
}

/// The real data beside the package; tests that need them are skipped where they are absent.
enum RealData {
    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/data").standardizedFileURL.path
    static let isPresent = FileManager.default.fileExists(atPath: path)
    static let whyNot: Comment = "../shared/data is not there"
}

/// Checks that `body` throws an error whose description holds `fragment`.
func checkDatasetFailure(_ fragment: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
    do {
        try body()
        Issue.record("nothing was thrown; expected: \(fragment)", sourceLocation: sourceLocation)
    } catch {
        #expect("\(error)".contains(fragment), sourceLocation: sourceLocation)
    }
}
