import Foundation
import Graph
import Interchange

/// A folder of photos, `PART/CLASS/*.jpg`, as ImageFolder of torchvision knows it.
struct DatasetFolder {
    private static let endings: Set<String> = ["jpg", "jpeg", "png"]
    private static let partNames: [Dataset.Part: [String]] = [.training: ["train"], .heldOut: ["val", "valid", "validation", "test"]]

    private let path: String
    private let classNames: [String]
    /// The pictures' paths and classes, in the order of the names.
    private var files: [(path: String, label: Int32)] = []

    /// Lists the pictures of one part; the classes are the folders of the training part, sorted by name.
    init(_ path: String, _ part: Dataset.Part) throws(InterchangeError) {
        self.path = path
        let training = try Self.partFolder(.training, in: path)
        classNames = try Self.list(training, folders: true)
        if classNames.isEmpty {
            throw InterchangeError(training, "there is no folder of a class", repair: "put the pictures in \(training)/CLASS/")
        }
        let folder = part == .training ? training : try Self.partFolder(part, in: path)
        for name in try Self.list(folder, folders: true) {
            guard let label = classNames.firstIndex(of: name) else {
                let known = classNames.prefix(12).joined(separator: ", ")
                throw InterchangeError("\(folder)/\(name)", "the class is not among those of \(training)", repair: "use one of \(known)")
            }
            let names = try Self.list("\(folder)/\(name)", folders: false)
            if names.isEmpty {
                throw InterchangeError(
                    "\(folder)/\(name)", "there is no .jpg, .jpeg or .png file", repair: "add pictures or remove the folder")
            }
            files += names.map { ("\(folder)/\(name)/\($0)", Int32(label)) }
        }
        if files.isEmpty { throw InterchangeError(folder, "there is no picture", repair: "put pictures in \(folder)/CLASS/") }
    }

    /// Decodes all pictures, on all cores, prepared for `extents` or for those of the first one.
    func read(extents wanted: ImageExtents?, _ preparation: PicturePreparation) throws(InterchangeError) -> Dataset {
        let extents: ImageExtents
        if let wanted {
            guard wanted.channels == 1 || wanted.channels == 3 else {
                throw InterchangeError(path, "photos have 1 or 3 channels, but the network takes \(wanted)", repair: "declare f32[N, 3, …]")
            }
            extents = wanted
        } else {
            let first = try Image(path: files[0].path, isTurned: preparation.appliesOrientation)
            extents = ImageExtents(channels: first.channels, height: first.height, width: first.width)
        }
        let (size, overflow) = files.count.multipliedReportingOverflow(by: extents.count)
        try MachineMemory.require(
            overflow ? .max : size, for: "\(files.count) pictures of \(extents)", path: path,
            repair: "take a smaller input or fewer pictures")
        var failures = [InterchangeError?](repeating: nil, count: files.count)
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            failures.withUnsafeMutableBufferPointer { failures in
                nonisolated(unsafe) let buffer = buffer
                nonisolated(unsafe) let failures = failures
                DispatchQueue.concurrentPerform(iterations: files.count) { index in
                    let target = UnsafeMutableBufferPointer(rebasing: buffer[index * extents.count..<(index + 1) * extents.count])
                    do throws(InterchangeError) {
                        let image = try Image(
                            path: files[index].path, preparation, channels: extents.channels, height: extents.height, width: extents.width)
                        image.store(into: target)
                    } catch {
                        failures[index] = error
                        target.initialize(repeating: 0)
                    }
                }
            }
            initialized = size
        }
        if let failure = failures.lazy.compactMap({ $0 }).first { throw failure }
        return Dataset(
            name: "folder:\(path)", isSynthetic: false, classNames: classNames, extents: extents, pixels: pixels, labels: files.map(\.label)
        )
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
            var isFolder: ObjCBool = false
            guard !name.hasPrefix("."), FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder) else {
                return false
            }
            return folders ? isFolder.boolValue : !isFolder.boolValue && endings.contains((name as NSString).pathExtension.lowercased())
        }
    }
}
