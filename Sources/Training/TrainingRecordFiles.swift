import Foundation
import Interchange

extension TrainingRecord {
    /// A history with the file that it was read from.
    public struct File: Sendable {
        public var path: String
        public var record: TrainingRecord

        public init(path: String) throws(InterchangeError) {
            self.path = path
            record = try TrainingRecord(path: path)
        }

        /// The path without the ending, as it may be shown on terminals.
        public var name: String {
            let stem = path.hasSuffix(TrainingRecord.ending) ? String(path.dropLast(TrainingRecord.ending.count)) : path
            return stem.withoutControlCharacters
        }
    }

    /// The paths of the histories that lie in a folder or below it, in alphabetical order; hidden folders and links to folders are left out.
    public static func paths(in folder: String) throws(InterchangeError) -> [String] {
        guard isFolder(folder) else {
            throw InterchangeError(
                folder, isFile(folder) ? "this is a file" : "there is no such folder",
                repair: "name the folder that trainings were written to")
        }
        guard
            let found = FileManager.default.enumerator(
                at: URL(fileURLWithPath: folder, isDirectory: true), includingPropertiesForKeys: nil, options: .skipsHiddenFiles)
        else {
            throw InterchangeError(folder, "the folder cannot be read", repair: "check its permissions")
        }
        let root = URL(fileURLWithPath: folder, isDirectory: true).standardizedFileURL.path
        let begin = folder == "." ? "" : folder.hasSuffix("/") ? folder : folder + "/"
        return found.compactMap { entry -> String? in
            guard let path = (entry as? URL)?.standardizedFileURL.path, path.hasSuffix(ending), path.hasPrefix(root) else { return nil }
            return begin + path.dropFirst(root.count).drop { $0 == "/" }
        }.sorted()
    }

    /// The histories that a name means: all of a folder, the file itself, or what a training with `-o NAME` wrote. Throws where there is none.
    public static func paths(named name: String) throws(InterchangeError) -> [String] {
        // Weights and checkpoints lie beside their history.
        let stem = [".checkpoint.safetensors", ".safetensors"].first(where: name.hasSuffix).map { String(name.dropLast($0.count)) }
        for path in stem.map({ [$0 + ending] }) ?? [name, name + ending] where isFile(path) { return [path] }
        guard isFolder(name) else {
            throw InterchangeError(
                name, "there is no history of this training", repair: "name what `braid train` was given with -o, or a file *\(ending)")
        }
        let found = try paths(in: name)
        guard !found.isEmpty else {
            throw InterchangeError(name, "there are no trainings in this folder", repair: "name a folder that `braid train -o` wrote to")
        }
        return found
    }

    /// The one history that a name means.
    public static func path(named name: String) throws(InterchangeError) -> String {
        let found = try paths(named: name)
        guard found.count == 1 else {
            throw InterchangeError(
                name, "there are \(found.count) trainings in this folder", repair: "name one of them, such as \(found[0])")
        }
        return found[0]
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func isFile(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) && !isFolder(path) }
}
