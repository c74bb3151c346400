import Foundation
import Interchange

/// A folder of photos, `PART/CLASS/*.jpg`, as ImageFolder of torchvision knows it.
enum DatasetFolder {
    private static let partNames: [Dataset.Part: [String]] = [.training: ["train"], .heldOut: ["val", "valid", "validation", "test"]]

    /// Lists the pictures of one part; the classes are the folders of the training part, sorted by name.
    static func pictures(_ path: String, _ part: Dataset.Part) throws(InterchangeError) -> DatasetPictures {
        let training = try partFolder(.training, in: path)
        let classNames = try list(training, folders: true)
        if classNames.isEmpty {
            throw InterchangeError(training, "there is no folder of a class", repair: "put the pictures in \(training)/CLASS/")
        }
        let labels = Dictionary(classNames.enumerated().map { ($1, Int32(truncatingIfNeeded: $0)) }) { first, _ in first }
        let folder = part == .training ? training : try partFolder(part, in: path)
        var files: [(path: String, label: Int32)] = []
        for name in try list(folder, folders: true) {
            guard let label = labels[name] else {
                let known = classNames.prefix(12).joined(separator: ", ")
                throw InterchangeError("\(folder)/\(name)", "the class is not among those of \(training)", repair: "use one of \(known)")
            }
            let names = try list("\(folder)/\(name)", folders: false)
            if names.isEmpty {
                throw InterchangeError(
                    "\(folder)/\(name)", "there is no .jpg, .jpeg or .png file", repair: "add pictures or remove the folder")
            }
            files += names.map { ("\(folder)/\(name)/\($0)", label) }
        }
        if files.isEmpty { throw InterchangeError(folder, "there is no picture", repair: "put pictures in \(folder)/CLASS/") }
        return DatasetPictures(name: "folder:\(path)", path: folder, classNames: classNames, files: files)
    }

    private static func partFolder(_ part: Dataset.Part, in path: String) throws(InterchangeError) -> String {
        let names = partNames[part] ?? []
        for name in names where FileManager.default.fileExists(atPath: "\(path)/\(name)") { return "\(path)/\(name)" }
        throw InterchangeError(path, "there is no folder \(names[0]) in it", repair: "lay it out as \(names[0])/CLASS/*.jpg")
    }

    /// Returns the folders or the pictures in a folder, by name; hidden ones are left out.
    private static func list(_ folder: String, folders: Bool) throws(InterchangeError) -> [String] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw InterchangeError(folder, "the folder cannot be read", repair: "check the path and its permissions")
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.filter { name in
            if name.hasPrefix(".") || !folders && !DatasetPictures.isPicture(name) { return false }
            var isFolder: ObjCBool = false
            // A link that leads nowhere is a picture that cannot be read.
            let isThere = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
            return folders ? isThere && isFolder.boolValue : !isFolder.boolValue
        }
    }
}
