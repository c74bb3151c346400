import Foundation
import Graph

/// Named tensors of a file that `torch.save` wrote (`.pth`, `.pt`, `.bin`), read without Python and without running what is in it.
///
/// Both forms are known: the archive of torch 1.6 and newer, whose `data.pkl` describes the values and whose `data/KEY` hold the storages;
/// and what was written before, several pickles with the storages behind them (torch/serialization.py). The tensors' bytes stay in the mapped
/// file until they are asked for. An archive's checksums are compared when a storage is read for the first time; a checksum of 0 is none, as
/// with `torch.serialization.set_crc32_options(False)`.
struct PyTorchFile: Sendable {
    /// A named tensor of the file.
    struct Entry: Sendable {
        var name: String
        var tensor: StoredTensor
        /// The number of the entry of the archive that has its bytes; nil where there is none.
        var archived: Int?
    }

    let path: String
    /// In the order of the dictionary.
    let entries: [Entry]
    /// Where in the file the dictionary was found; nil where the file is one.
    let found: String?
    let isArchive: Bool
    private let archive: ZipArchive?
    private let verified = VerifiedEntries()

    init(path: String) throws(InterchangeError) { try self.init(try FileBytes.map(path), path) }

    /// Reads a file that is in memory; `path` names it in errors.
    init(data: Data, path: String) throws(InterchangeError) { try self.init(FileBytes(data), path) }

    init(_ file: FileBytes, _ path: String) throws(InterchangeError) {
        self.path = path
        isArchive = file.bytes.starts(with: [0x50, 0x4b, 3, 4])
        let content: PyTorchContent
        if isArchive {
            let archive = try ZipArchive(file, path: path)
            self.archive = archive
            content = try PyTorchContent(archive, file, path)
        } else {
            archive = nil
            content = try PyTorchContent(legacy: file, path)
        }
        let state = try PyTorchStateDict(content.pickle, path: path, fileSize: file.bytes.count)
        found = state.found
        // Tensors may share a storage, so what all of them take together is bounded besides what each does: layers are tied, a few dozen of them.
        let most = 64 * file.bytes.count + 1 << 26
        var (entries, size): ([Entry], Int) = ([], 0)
        for (name, number) in state.tensors {
            let entry = try content.entry(name, number)
            size += entry.tensor.count * entry.tensor.element.size
            if size > most {
                throw InterchangeError(
                    path, .entry("tensor \"\(name)\""),
                    "with those before it, it repeats the elements of their storages up to \(MachineMemory.text(size)), and "
                        + "\(MachineMemory.text(most)) is the limit for a file of \(MachineMemory.text(file.bytes.count))",
                    repair: "save copies of the tensors: tensor.clone()")
            }
            entries.append(entry)
        }
        self.entries = entries
        if file.isDamaged { throw FileBytes.cutOff(path) }
    }

    /// Throws where the archive's checksum of the bytes of an entry is another.
    func verify(_ entry: Entry) throws(InterchangeError) {
        guard let archive, let number = entry.archived else { return }
        try verified.verify(archive.entries[number], in: archive)
    }
}
