import Foundation
import Graph

/// Named tensors of a file, whatever its format: safetensors, an index of several files, PyTorch's `.pth`, `.pt` and `.bin`, or NumPy's `.npz`.
///
/// What a file is follows from its content, not from its name. It is checked when it is opened, and the tensors' bytes are read when they are
/// asked for.
public struct WeightsFile: Sendable {
    /// The name, type and shape of one tensor.
    public struct Entry: Equatable, Sendable {
        public var name: String
        public let element: StoredElement
        /// The extents, outermost first; empty for a scalar.
        public let shape: [Int]

        /// The number of elements.
        public var count: Int { byteCount / element.size }
        /// How many bytes the tensor takes.
        public var byteCount: Int { element.byteCount(shape: shape) ?? 0 }
    }

    public enum Format: String, Sendable {
        case safetensors, torch, index, npz, model

        /// For people.
        public var title: String {
            switch self {
            case .safetensors: "safetensors"
            case .torch: "PyTorch"
            case .index: "index of several files"
            case .npz: "NumPy archive"
            case .model: "ONNX model"
            }
        }
    }

    /// The file as it was named.
    public let path: String
    public let format: Format
    /// The tensors in the order of the file.
    public let entries: [Entry]
    private let source: any TensorSource
    /// The place of each name among `entries`.
    private let indices: [String: Int]
    /// The names that the file itself has, by those of `entries`; nil where they are the same.
    private let originals: [String: String]?

    /// Opens a file and checks it.
    ///
    /// Throws where there is none, where it is damaged or of another format, and where it has something else than tensors.
    public init(path: String) throws(InterchangeError) { try self.init(path: path, mayBeIndex: true) }

    init(path: String, mayBeIndex: Bool) throws(InterchangeError) {
        let bytes = try FileBytes.map(path)
        if mayBeIndex, Self.isIndex(bytes, path) {
            self.init(try WeightsIndex(path: path), path, .index)
        } else {
            try self.init(bytes, path)
        }
    }

    /// Opens a file that is in memory already; `path` names it in errors.
    public init(data: Data, path: String) throws(InterchangeError) { try self.init(FileBytes(data), path) }

    private init(_ bytes: FileBytes, _ path: String) throws(InterchangeError) {
        if bytes.bytes.isEmpty {
            throw InterchangeError(path, "the file is empty", repair: "copy or download it again")
        } else if bytes.bytes.starts(with: [0x50, 0x4b, 3, 4]) {
            let archive = try ZipArchive(bytes, path: path)
            let names = archive.entries.map(\.name)
            if names.contains(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }) {
                self.init(PyTorchSource(try PyTorchFile(bytes, path)), path, .torch)
            } else if names.contains(where: { $0.hasSuffix(".npy") }) {
                self.init(try NumPySource(archive, path: path), path, .npz)
            } else {
                throw ForeignFormat(bytes.bytes, givenFor: .weights)?.failure(path)
                    ?? InterchangeError(path, "this archive has no tensors", repair: "name a file of weights: safetensors, .pth or .npz")
            }
        } else if bytes.bytes.first == 0x80, ForeignFormat.kind(bytes.bytes) != .safetensors {
            self.init(PyTorchSource(try PyTorchFile(bytes, path)), path, .torch)
        } else {
            if let format = ForeignFormat(bytes.bytes, givenFor: .weights) { throw format.failure(path) }
            self.init(try Safetensors(bytes, path))
        }
    }

    /// Tensors that are in memory already, such as those of a model; `path` names the file that they are of. No two have one name.
    public init(_ tensors: [HostTensor], metadata: [String: String] = [:], path: String) {
        self.init(HeldTensors(tensors, metadata: metadata, path: path), path, .model)
    }

    /// The tensors of a safetensors file.
    public init(_ file: Safetensors) { self.init(file, file.path, .safetensors) }

    private init(_ source: any TensorSource, _ path: String, _ format: Format) {
        self.init(source, path, format, entries: source.described, originals: nil)
    }

    private init(_ source: any TensorSource, _ path: String, _ format: Format, entries: [Entry], originals: [String: String]?) {
        (self.source, self.path, self.format) = (source, path, format)
        (self.entries, self.originals) = (entries, originals)
        indices = Dictionary(uniqueKeysWithValues: entries.indices.map { (entries[$0].name, $0) })
    }

    /// What the file says besides the tensors.
    public var metadata: [String: String] { source.metadata }
    /// What a reader should be told of how the tensors were found.
    public var notes: [String] { source.notes }
    /// The files that the tensors are in: the one that was named, and of an index those that it names. None of them may be replaced while it is
    /// read.
    public var paths: [String] { source.paths }

    /// The `paths` of the weights at a path, without opening them; where there is no index that can be read, the path alone.
    ///
    /// For commands that look where they are going to write before they read.
    public static func paths(of path: String) -> [String] {
        guard let bytes = try? FileBytes.map(path), isIndex(bytes, path) else { return [path] }
        return [path] + ((try? WeightsIndex.places(path: path).located) ?? [])
    }

    private static func isIndex(_ bytes: FileBytes, _ path: String) -> Bool {
        ForeignFormat.kind(bytes.bytes) == .safetensorsIndex || path.lowercased().hasSuffix(".json")
    }

    /// Returns the description of a tensor, or nil where there is none of that name.
    public subscript(name: String) -> Entry? { indices[name].map { entries[$0] } }

    /// The same file under other names.
    ///
    /// - Parameter names: the new names by those of `entries`; what is not among them keeps its name. No two may become the same.
    public func renamed(_ names: [String: String]) -> WeightsFile {
        let renamed = entries.map { entry in
            var entry = entry
            entry.name = names[entry.name] ?? entry.name
            return entry
        }
        let pairs = zip(renamed, entries).map { ($0.name, originals?[$1.name] ?? $1.name) }
        precondition(Set(pairs.map(\.0)).count == pairs.count, "two tensors would have one name")
        return WeightsFile(source, path, format, entries: renamed, originals: Dictionary(uniqueKeysWithValues: pairs))
    }

    /// The same file with some of its tensors only.
    public func keeping(_ isKept: (String) -> Bool) -> WeightsFile {
        WeightsFile(source, path, format, entries: entries.filter { isKept($0.name) }, originals: originals)
    }

    /// Copies a tensor out of the file; throws where there is none of that name, or the file is damaged.
    public func tensor(_ name: String) throws(InterchangeError) -> HostTensor {
        var tensor = try source.tensor(try original(name))
        tensor.name = name
        return tensor
    }

    /// Gives the values of a tensor as f32, in order, piece after piece: of a file that is stored so, straight from it, and without keeping more
    /// than a piece in memory.
    ///
    /// Throws where there is no tensor of that name, where the file became shorter, or is damaged; what was given then is to be thrown away.
    ///
    /// - Parameters:
    ///   - granule: every piece but the last has a multiple of this number of values.
    ///   - body: takes the values of a piece, which are there only until it returns.
    public func readFloats(
        _ name: String, granule: Int = 1, _ body: (UnsafeBufferPointer<Float>) -> Void
    ) throws(InterchangeError) {
        try source.readFloats(try original(name), granule: granule, body)
    }

    private func original(_ name: String) throws(InterchangeError) -> String {
        guard indices[name] != nil else { throw Safetensors.absence(of: name, among: entries.map(\.name), path: path) }
        return originals?[name] ?? name
    }

    /// 64 hexadecimal digits that tell these weights from others: by what the files hold, and by what their tensors are called here.
    public func fingerprint() throws(InterchangeError) -> String {
        var parts: [String] = []
        for path in source.paths { parts.append(try SHA256.hexadecimal(file: path)) }
        if parts.count == 1, originals == nil { return parts[0] }
        let renamed = (originals ?? [:]).sorted { $0.key < $1.key }
        parts += renamed.map { "\(SafetensorsChecksums.quoted($0.value)) \(SafetensorsChecksums.quoted($0.key))" }
        return SHA256.hexadecimal(Array(parts.joined(separator: "\n").utf8))
    }
}
