import Graph

/// Named tensors of a file or of several, read when they are asked for.
protocol TensorSource: Sendable {
    /// What the tensors are, in the order of the file; no name comes twice.
    var described: [WeightsFile.Entry] { get }
    /// What the file says besides.
    var metadata: [String: String] { get }
    /// What a reader should be told of how the tensors were found.
    var notes: [String] { get }
    /// The files that the tensors are in, the one that was named first.
    var paths: [String] { get }

    /// Copies a tensor; throws where there is none of that name, or the file is damaged.
    func tensor(_ name: String) throws(InterchangeError) -> HostTensor

    /// Gives the values of a tensor as f32, in order, piece after piece; every piece but the last has a multiple of `granule` values. Throws where
    /// there is no such tensor, or the file is damaged; what was given then is to be thrown away.
    func readFloats(_ name: String, granule: Int, _ body: (UnsafeBufferPointer<Float>) -> Void) throws(InterchangeError)
}

extension Safetensors: TensorSource {
    var described: [WeightsFile.Entry] {
        entries.map { WeightsFile.Entry(name: $0.name, element: $0.element, shape: $0.shape) }
    }
    var notes: [String] { [] }
    var paths: [String] { [path] }
}

/// The tensors of a file of PyTorch by name.
struct PyTorchSource: TensorSource {
    private let file: PyTorchFile
    private let indices: [String: Int]

    init(_ file: PyTorchFile) {
        self.file = file
        indices = Dictionary(uniqueKeysWithValues: file.entries.indices.map { (file.entries[$0].name, $0) })
    }

    var described: [WeightsFile.Entry] {
        file.entries.map { WeightsFile.Entry(name: $0.name, element: $0.tensor.element, shape: $0.tensor.shape) }
    }
    var metadata: [String: String] { [:] }
    var notes: [String] {
        guard let found = file.found else { return [] }
        if found == "*" {
            return ["\(file.path): no dictionary in it is the weights alone, so all its tensors are taken, with the names around them"]
        }
        return ["\(file.path): the weights are those under '\(found)'"]
    }
    var paths: [String] { [file.path] }

    private func entry(_ name: String) throws(InterchangeError) -> PyTorchFile.Entry {
        guard let index = indices[name] else {
            throw Safetensors.absence(of: name, among: file.entries.map(\.name), path: file.path)
        }
        try file.verify(file.entries[index])
        return file.entries[index]
    }

    func tensor(_ name: String) throws(InterchangeError) -> HostTensor {
        try entry(name).tensor.read(name, path: file.path)
    }

    func readFloats(_ name: String, granule: Int, _ body: (UnsafeBufferPointer<Float>) -> Void) throws(InterchangeError) {
        try entry(name).tensor.readFloats(granule: granule, path: file.path, body)
    }
}

/// The arrays of an `.npz` archive.
struct NumPySource: TensorSource {
    private let arrays: NumPyCollection
    private let archive: ZipArchive
    private let descriptions: [String: NumPyCollection.Description]
    private let verified = VerifiedEntries()
    let described: [WeightsFile.Entry]

    /// Reads what the arrays are: of compressed ones, their beginnings.
    init(_ archive: ZipArchive, path: String) throws(InterchangeError) {
        arrays = NumPyCollection(archive, path: path)
        self.archive = archive
        var described: [WeightsFile.Entry] = []
        var descriptions: [String: NumPyCollection.Description] = [:]
        for name in arrays.names {
            let description = try arrays.describe(name, in: archive)
            guard descriptions.updateValue(description, forKey: name) == nil else {
                throw InterchangeError(path, .entry(name), "two arrays have this name", repair: "save them again with numpy.savez")
            }
            described.append(WeightsFile.Entry(name: name, element: description.element, shape: description.shape))
        }
        self.described = described
        self.descriptions = descriptions
        if described.isEmpty { throw InterchangeError(path, "the archive has no arrays (.npy)", repair: "name one that numpy.savez wrote") }
    }

    var metadata: [String: String] { [:] }
    var notes: [String] { [] }
    var paths: [String] { [arrays.path] }

    /// The array in the file, whose checksum was compared; nil where it is compressed.
    private func stored(_ name: String) throws(InterchangeError) -> StoredTensor? {
        guard let description = descriptions[name] else {
            throw Safetensors.absence(of: name, among: described.map(\.name), path: arrays.path)
        }
        guard let stored = description.stored else { return nil }
        try verified.verify(description.entry, in: archive)
        return stored
    }

    func tensor(_ name: String) throws(InterchangeError) -> HostTensor {
        if let stored = try stored(name) { return try stored.read(name, path: arrays.path) }
        var tensor = try arrays.read(name)
        tensor.name = name
        return tensor
    }

    func readFloats(_ name: String, granule: Int, _ body: (UnsafeBufferPointer<Float>) -> Void) throws(InterchangeError) {
        if let stored = try stored(name) { return try stored.readFloats(granule: granule, path: arrays.path, body) }
        let floats = try tensor(name).floats
        for piece in FileBytes.pieces(of: floats.count, granule: granule) { floats[piece].withUnsafeBufferPointer(body) }
    }
}

/// Tensors that are held in memory, of a file that has more than them.
struct HeldTensors: TensorSource {
    private let tensors: [HostTensor]
    private let indices: [String: Int]
    let metadata: [String: String]
    private let path: String

    init(_ tensors: [HostTensor], metadata: [String: String], path: String) {
        (self.tensors, self.metadata, self.path) = (tensors, metadata, path)
        indices = Dictionary(uniqueKeysWithValues: tensors.indices.map { (tensors[$0].name, $0) })
    }

    var described: [WeightsFile.Entry] { tensors.map { WeightsFile.Entry(name: $0.name, element: $0.element, shape: $0.shape) } }
    var notes: [String] { [] }
    var paths: [String] { [path] }

    func tensor(_ name: String) throws(InterchangeError) -> HostTensor {
        guard let index = indices[name] else { throw Safetensors.absence(of: name, among: tensors.map(\.name), path: path) }
        return tensors[index]
    }

    func readFloats(_ name: String, granule: Int, _ body: (UnsafeBufferPointer<Float>) -> Void) throws(InterchangeError) {
        let tensor = try tensor(name)
        if tensor.element == .f32, UInt32(1).littleEndian == 1 {
            tensor.bytes.withUnsafeBytes { bytes in bytes.withMemoryRebound(to: Float.self, body) }
        } else {
            tensor.floats.withUnsafeBufferPointer(body)
        }
    }
}
