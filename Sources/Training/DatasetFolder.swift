import Foundation
import Interchange

/// A folder of photos, `PART/CLASS/*.jpg`, as ImageFolder of torchvision knows it.
enum DatasetFolder {
    private static let partNames: [Dataset.Part: [String]] = [.training: ["train"], .heldOut: ["val", "valid", "validation", "test"]]

    private static let deepest = 16
    /// How often links may lead to one folder below that of a class: whoever shows a picture more often links to it a few times, and links of
    /// links are as many as all their ways.
    private static let mostVisits = 16

    static func hasPart(_ part: Dataset.Part, in path: String) -> Bool { find(part, in: path) != nil }

    /// Lists the pictures of one part, where there is no training part those of the folder itself, `CLASS/*.jpg`.
    ///
    /// The classes are the folders of the training part, sorted by name.
    /// - Parameters:
    ///   - known: the classes, where weights remember them; then a held-out part can do without the other.
    ///   - wish: where the pictures alone matter, they need not lie in folders of classes.
    static func pictures(
        _ path: String, _ part: Dataset.Part, classNames known: [String]? = nil, wish: DatasetWish = .classes
    ) throws(InterchangeError) -> DatasetPictures {
        let folder = try partFolder(part, in: path)
        if wish == .pictures, try !list(folder, folders: false).isEmpty {
            let files = try pictures(in: folder).map { (path: $0, label: Int32(0)) }
            return DatasetPictures(name: "folder:\(path)", path: folder, classNames: ["pictures"], files: files)
        }
        let isAlone = known != nil || wish == .pictures && find(.training, in: path) == nil
        let training = isAlone ? folder : try partFolder(.training, in: path)
        let classNames: [String]
        if let known { classNames = known } else { classNames = try list(training, folders: true) }
        if classNames.isEmpty {
            throw InterchangeError(training, "there is no folder of a class", repair: "put the pictures in \(training)/CLASS/")
        }
        let labels = Dictionary(classNames.enumerated().map { ($1, Int32(truncatingIfNeeded: $0)) }) { first, _ in first }
        var files: [(path: String, label: Int32)] = []
        for name in try list(folder, folders: true) {
            guard let label = labels[known == nil ? name : name.withoutControlCharacters] else {
                let message = "the class is not among those " + (known == nil ? "of \(training)" : "that were trained")
                let repair = "use one of \(classNames.prefix(12).joined(separator: ", "))"
                throw InterchangeError("\(folder)/\(name)", message, repair: repair)
            }
            let names = try pictures(in: "\(folder)/\(name)")
            if names.isEmpty {
                throw InterchangeError(
                    "\(folder)/\(name)", "there is no file whose name ends in \(ImageFormat.endingNames)",
                    repair: "add pictures or remove the folder")
            }
            files += names.map { ($0, label) }
        }
        if files.isEmpty { throw InterchangeError(folder, "there is no picture", repair: "put pictures in \(folder)/CLASS/") }
        return DatasetPictures(name: "folder:\(path)", path: folder, classNames: classNames, files: files)
    }

    private static func partFolder(_ part: Dataset.Part, in path: String) throws(InterchangeError) -> String {
        // A test part beside one to validate by is usual.
        let alike = (partNames[part] ?? []).filter { $0 != "test" && FileManager.default.fileExists(atPath: "\(path)/\($0)") }
        guard alike.count < 2 else {
            throw InterchangeError(path, "there are folders \(alike.joined(separator: " and ")) in it", repair: "keep one of them")
        }
        if let folder = find(part, in: path) { return folder }
        let isThere = FileManager.default.fileExists(atPath: path)
        if part == .training, isThere, !hasPart(.heldOut, in: path) { return path }
        let name = partNames[part]?.first ?? ""
        throw InterchangeError(
            path, isThere ? "there is no folder \(name) in it" : "there is no such folder",
            repair: "lay it out as \(name)/CLASS/*.jpg" + (part == .heldOut ? ", or hold out a share: --held-out 0.1" : ""))
    }

    private static func find(_ part: Dataset.Part, in path: String) -> String? {
        (partNames[part] ?? []).map { "\(path)/\($0)" }.first { FileManager.default.fileExists(atPath: $0) }
    }

    /// The paths of the pictures in a folder, and then of those in its folders, by name.
    static func pictures(in folder: String) throws(InterchangeError) -> [String] {
        var visits: [FileIdentity: Int] = [:]
        return try pictures(in: folder, depth: 1, &visits)
    }

    private static func pictures(
        in folder: String, depth: Int, _ visits: inout [FileIdentity: Int]
    ) throws(InterchangeError) -> [String] {
        guard depth <= deepest else {
            throw InterchangeError(folder, "the folders are more than \(deepest) deep", repair: "remove links that lead back")
        }
        if let identity = FileIdentity(folder) {
            guard visits[identity, default: 0] < mostVisits else {
                throw InterchangeError(
                    folder, "links lead to this folder more than \(mostVisits) times", repair: "remove links that lead to the same folder")
            }
            visits[identity, default: 0] += 1
        }
        var paths = try list(folder, folders: false).map { "\(folder)/\($0)" }
        for name in try list(folder, folders: true) { paths += try pictures(in: "\(folder)/\(name)", depth: depth + 1, &visits) }
        return paths
    }

    /// Returns the folders or the pictures in a folder, by name; hidden ones are left out.
    private static func list(_ folder: String, folders: Bool) throws(InterchangeError) -> [String] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw InterchangeError(folder, "the folder cannot be read", repair: "check the path and its permissions")
        }
        // Such a name reads back as no file's, so what has it would be passed over.
        if let name = names.first(where: { $0.unicodeScalars.contains("\u{fffd}") && !isThere("\(folder)/\($0)") }) {
            throw InterchangeError(folder, "the name '\(name)' in the folder is not UTF-8", repair: "rename it")
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.filter { name in
            if name.hasPrefix(".") || !folders && !DatasetPictures.isPicture(name) { return false }
            var isFolder: ObjCBool = false
            // A link that leads nowhere is a picture that cannot be read.
            let isThere = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
            return folders ? isThere && isFolder.boolValue : !isFolder.boolValue
        }
    }

    private static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
