import Foundation
import Graph

/// Arrays by name: those of an `.npz` archive (`numpy.savez`, `numpy.savez_compressed`), or of the `.npy` files of a folder.
public struct NumPyCollection: Sendable {
    public let path: String
    /// In the order of the archive, or of the files' names.
    public let names: [String]
    private let archive: ZipArchive?
    /// The first entry of each name.
    private let entries: [String: ZipArchive.Entry]

    private static let ending = ".npy"

    /// Lists the arrays of the archive or folder at `path`; throws where it is neither.
    public init(path: String) throws(InterchangeError) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            guard let files = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                throw InterchangeError(path, "the folder cannot be read", repair: "check the path and its permissions")
            }
            let arrays = files.filter { $0.hasSuffix(Self.ending) && !$0.hasPrefix(".") }
            self.init(path, arrays.map { String($0.dropLast(Self.ending.count)) }.sorted(), nil, [:])
        } else {
            if path.lowercased().hasSuffix(Self.ending) {
                throw InterchangeError(
                    path, "this is one array, and pictures need labels beside them",
                    repair: "name an .npz archive or the folder of .npy files")
            }
            self.init(try ZipArchive(path: path), path: path)
        }
    }

    /// Lists the arrays of an archive that is in memory; `path` names it in errors.
    init(data: Data, path: String) throws(InterchangeError) {
        self.init(try ZipArchive(data: data, path: path), path: path)
    }

    /// The arrays of an archive whose directory is read.
    init(_ archive: ZipArchive, path: String) {
        let arrays = archive.entries.filter { $0.name.hasSuffix(Self.ending) }
        let names = arrays.map { String($0.name.dropLast(Self.ending.count)) }
        self.init(path, names, archive, Dictionary(zip(names, arrays)) { first, _ in first })
    }

    private init(_ path: String, _ names: [String], _ archive: ZipArchive?, _ entries: [String: ZipArchive.Entry]) {
        (self.path, self.names, self.archive, self.entries) = (path, names, archive, entries)
    }

    /// Reads the array of a name that is among `names`, the first of that name.
    public func read(_ name: String) throws(InterchangeError) -> HostTensor {
        guard let archive else { return try NumPy.read("\(path)/\(name)\(Self.ending)") }
        guard let entry = entries[name] else {
            throw InterchangeError(
                path, .entry(name), "there is no such array", repair: "it has \(names.prefix(12).joined(separator: ", "))")
        }
        try MachineMemory.require(
            2 * min(entry.size, .max / 2), for: "the array \(name)", path: path, repair: "save fewer images a file")
        return try NumPy.read(data: try archive.read(entry), path: "\(path), \(name)")
    }

    /// The shape of the array of a name that is among `names`, of which no more than the beginning is read.
    public func shape(of name: String) throws(InterchangeError) -> [Int] {
        if let archive { return try describe(name, in: archive).shape }
        let file = "\(path)/\(name)\(Self.ending)"
        let size = try InputFile.size(file)
        let beginning = try InputFile.read(file, bytes: 0..<min(size, NumPy.largestHeader))
        return try NumPy.header(beginning, size: size, path: file).shape
    }

    /// An array of the archive, of which no more than the beginning is read: its type and shape, and where it stands, unless it is compressed.
    func describe(_ name: String, in archive: ZipArchive) throws(InterchangeError) -> Description {
        guard let entry = entries[name] else { preconditionFailure("the archive has no \(name)") }
        // Few headers are long, and an archive may have many arrays.
        var beginning = try archive.beginning(of: entry, upTo: NumPy.usualHeader)
        if NumPy.headerEnd(beginning) > beginning.count { beginning = try archive.beginning(of: entry, upTo: NumPy.largestHeader) }
        let (type, shape, isFortran, content) = try NumPy.header(beginning, size: entry.size, path: "\(path), \(name)")
        if entry.method != 0 { return Description(element: type.element, shape: shape, stored: nil, entry: entry) }
        var strides = [Int](repeating: 1, count: shape.count)
        let axes = isFortran ? Array(shape.indices) : shape.indices.reversed()
        // An axis of none makes strides that do not matter.
        for (axis, next) in zip(axes, axes.dropFirst()) { strides[next] = strides[axis] &* max(1, shape[axis]) }
        let start = try archive.place(of: entry).lowerBound + content
        let stored = StoredTensor(
            element: type.element, shape: shape, strides: strides, start: start, isBigEndian: type.isBigEndian, file: archive.file)
        return Description(element: type.element, shape: shape, stored: stored, entry: entry)
    }

    /// What is known of an array before it is read.
    struct Description: Sendable {
        let element: StoredElement
        let shape: [Int]
        /// The array in the file; nil where it is compressed.
        let stored: StoredTensor?
        let entry: ZipArchive.Entry
    }
}
