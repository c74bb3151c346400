import Graph

/// The parts of a file of PyTorch: the values, and where the storages stand.
struct PyTorchContent {
    /// Where a storage's bytes stand in the file.
    private struct Place {
        var range: Range<Int>
        var archived: Int?
    }

    let pickle: PyTorchPickle
    private let file: FileBytes
    private let path: String
    private let isBigEndian: Bool
    private var places: [String: Place] = [:]

    private static let repair = "copy the file again, or save it again with torch.save"

    // MARK: Archives

    init(_ archive: ZipArchive, _ file: FileBytes, _ path: String) throws(InterchangeError) {
        (self.file, self.path) = (file, path)
        // All entries are in one folder, called as the file was.
        let names = archive.entries.map(\.name)
        guard let described = archive.entries.first(where: { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }) else {
            throw InterchangeError(path, "the archive has no data.pkl: it is none of PyTorch", repair: "name a file that torch.save wrote")
        }
        let folder = described.name.dropLast("data.pkl".count)
        if names.contains(folder + "constants.pkl") {
            throw InterchangeError(
                path, "this is a TorchScript program, not weights alone",
                repair: "save its weights: torch.save(torch.jit.load('model.pt').state_dict(), 'weights.pth')")
        }
        let range = try archive.place(of: described)
        try archive.verify(described)
        // Counted from the entry's own beginning, as Python's tools count.
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[range])
        pickle = try PyTorchPickleReader.read(bytes, path: path, entry: described.name)
        isBigEndian = try Self.isBigEndian(archive, folder + "byteorder")
        let prefix = folder + "data/"
        for (number, entry) in archive.entries.enumerated() where entry.name.hasPrefix(prefix) {
            let key = String(entry.name.dropFirst(prefix.count))
            if places[key] == nil { places[key] = Place(range: try archive.place(of: entry), archived: number) }
        }
    }

    private static func isBigEndian(_ archive: ZipArchive, _ name: String) throws(InterchangeError) -> Bool {
        guard let entry = archive.entries.first(where: { $0.name == name }) else { return false }
        let place = try archive.place(of: entry)
        try archive.verify(entry)
        switch String(decoding: archive.file.bytes[place.prefix(16)], as: UTF8.self) {
        case "little": return false
        case "big": return true
        default: throw InterchangeError(archive.path, .entry(name), "the order of bytes is neither little nor big", repair: repair)
        }
    }

    // MARK: What was written before torch 1.6

    init(legacy file: FileBytes, _ path: String) throws(InterchangeError) {
        (self.file, self.path) = (file, path)
        isBigEndian = false
        let bytes = file.bytes
        let first = try PyTorchPickleReader.read(bytes, path: path)
        guard case .longInteger(let start, let count) = first[first.root],
            bytes[Int(start)..<Int(start) + Int(count)].elementsEqual([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19])
        else {
            throw InterchangeError(
                path, "this is a Python pickle, but not PyTorch's: it does not begin with the number that torch.save writes",
                repair: "save the tensors with torch.save, or with safetensors")
        }
        let version = try PyTorchPickleReader.read(bytes, from: first.end, path: path)
        guard version.integer(version.root) == 1001 else {
            throw InterchangeError(
                path, .byte(first.end), "the version of the format is not 1001, the only one that there is", repair: Self.repair)
        }
        // What machine wrote it; elements are little-endian on all.
        let system = try PyTorchPickleReader.read(bytes, from: version.end, path: path)
        pickle = try PyTorchPickleReader.read(bytes, from: system.end, path: path)
        let list = try PyTorchPickleReader.read(bytes, from: pickle.end, path: path)
        guard let keys = list.sequence(list.root) else {
            throw InterchangeError(path, .byte(pickle.end), "the list of storages is no list", repair: Self.repair)
        }
        var elements: [String: PyTorchElement] = [:]
        for storage in pickle.storages { if let key = pickle.text(storage.key) { elements[key] = storage.element } }
        var place = list.end
        for key in keys {
            guard let key = list.text(key), let element = elements[key], places[key] == nil else {
                throw InterchangeError(
                    path, .byte(pickle.end), "the list names a storage that no tensor has, or one twice", repair: Self.repair)
            }
            guard let size = element.element?.size else {
                throw InterchangeError(
                    path, .byte(place), "a storage has elements of type \(element.name), which are not read",
                    repair: "convert its tensors first, such as with tensor.float()")
            }
            let count = bytes.count - place >= 8 ? Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Int64.self))) : -1
            guard count >= 0, count <= (bytes.count - place - 8) / size else {
                throw InterchangeError(
                    path, .byte(place), "a storage reaches beyond the end of the file: it is cut off, or is damaged", repair: Self.repair)
            }
            places[key] = Place(range: place + 8..<place + 8 + count * size)
            place += 8 + count * size
        }
    }

    // MARK: Tensors

    /// A tensor of the pickle under a name.
    func entry(_ name: String, _ number: Int32) throws(InterchangeError) -> PyTorchFile.Entry {
        let tensor = pickle.tensors[Int(number)]
        let storage = pickle.storages[Int(tensor.storage)]
        let described = InterchangeError.Place.entry("tensor \"\(name)\"")
        guard let element = tensor.element.element, let stored = storage.element.element else {
            throw InterchangeError(
                path, described, "its elements are of type \(tensor.element.name), which is not read",
                repair: "convert it first, such as with tensor.float()")
        }
        let shape = pickle.integers(tensor.shape) ?? []
        let strides = pickle.integers(tensor.strides) ?? []
        let key = pickle.text(storage.key) ?? ""
        guard let place = places[key] else {
            throw InterchangeError(path, described, "its storage \"\(key)\" is not in the file", repair: Self.repair)
        }
        // The pickle says how many elements there are, and the file has them or not.
        guard storage.count <= place.range.count / stored.size else {
            throw InterchangeError(
                path, described, "its storage \"\(key)\" should have \(storage.count) elements, and has \(place.range.count / stored.size)",
                repair: Self.repair)
        }
        let size = element.byteCount(shape: shape) ?? .max
        // A stride of 0 repeats elements; a few bytes must not stand for all memory.
        guard size <= max(file.bytes.count, 1 << 20) else {
            throw InterchangeError(
                path, described, "it repeats the elements of its storage up to \(MachineMemory.text(size)), more than the whole file has",
                repair: "save a smaller part of it, or a copy: tensor.contiguous()")
        }
        // A tensor of no elements may have any offset.
        let start =
            size == 0
            ? place.range.lowerBound : place.range.lowerBound + storage.viewOffset * stored.size + tensor.offset * element.size
        return PyTorchFile.Entry(
            name: name,
            tensor: StoredTensor(
                element: element, shape: shape, strides: strides, start: start, isBigEndian: isBigEndian, file: file),
            archived: place.archived)
    }
}
