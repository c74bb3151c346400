import Foundation

/// Arrays by name: those of an `.npz` archive (`numpy.savez`, `numpy.savez_compressed`), or of the `.npy` files of a folder.
public struct NumPyCollection {
    public let path: String
    /// In the order of the archive, or of the files' names.
    public let names: [String]
    private let archive: ZipArchive?

    private static let ending = ".npy"

    /// Lists the arrays of the archive or folder at `path`; throws where it is neither.
    public init(path: String) throws(InterchangeError) {
        self.path = path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            guard let files = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                throw InterchangeError(path, "the folder cannot be read", repair: "check the path and its permissions")
            }
            archive = nil
            names = files.filter { $0.hasSuffix(Self.ending) && !$0.hasPrefix(".") }.map { String($0.dropLast(Self.ending.count)) }.sorted()
        } else {
            if path.lowercased().hasSuffix(Self.ending) {
                throw InterchangeError(
                    path, "this is one array, and pictures need labels beside them",
                    repair: "name an .npz archive or the folder of .npy files")
            }
            let archive = try ZipArchive(path: path)
            self.archive = archive
            names = Self.names(of: archive)
        }
    }

    /// Lists the arrays of an archive that is in memory; `path` names it in errors.
    init(data: Data, path: String) throws(InterchangeError) {
        self.path = path
        let archive = try ZipArchive(data: data, path: path)
        self.archive = archive
        names = Self.names(of: archive)
    }

    private static func names(of archive: ZipArchive) -> [String] {
        archive.entries.filter { $0.name.hasSuffix(ending) }.map { String($0.name.dropLast(ending.count)) }
    }

    /// Reads the array of a name that is among `names`, the first of that name.
    public func read(_ name: String) throws(InterchangeError) -> HostTensor {
        guard let archive else { return try NumPy.read("\(path)/\(name)\(Self.ending)") }
        guard let entry = archive.entries.first(where: { $0.name == name + Self.ending }) else {
            throw InterchangeError(
                path, .entry(name), "there is no such array", repair: "it has \(names.prefix(12).joined(separator: ", "))")
        }
        try MachineMemory.require(
            2 * min(entry.size, .max / 2), for: "the array \(name)", path: path, repair: "save fewer images a file")
        return try NumPy.read(data: try archive.read(entry), path: "\(path), \(name)")
    }
}
