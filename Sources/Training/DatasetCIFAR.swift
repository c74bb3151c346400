import Foundation
import Interchange

/// The binary files of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html): records of a label, or of a coarse and a fine
/// one, and 3072 values of 32 x 32 pixels, red, green and blue each row by row.
struct DatasetCIFAR {
    private static let extents = ImageExtents(channels: 3, height: 32, width: 32)
    private static let largestFile = 4 << 30
    /// The folders that the archives unpack to.
    private static let subfolders = ["cifar-10-batches-bin", "cifar-100-binary"]

    /// One of the two data sets.
    private struct Kind: Sendable {
        var name: String
        var classCount: Int
        /// Bytes of labels before the pixels, of which the last counts.
        var labelBytes: Int
        var namesFile: String
        /// The files of a part, among names.
        var files: @Sendable (Dataset.Part, [String]) -> [String]
    }

    private static let kinds = [
        Kind(name: "CIFAR-10", classCount: 10, labelBytes: 1, namesFile: "batches.meta.txt") { part, names in
            if part == .heldOut { return names.filter { $0 == "test_batch.bin" } }
            return names.compactMap { name in batchNumber(name).map { (number: $0, name: name) } }
                .sorted { ($0.number, $0.name) < ($1.number, $1.name) }.map(\.name)
        },
        Kind(name: "CIFAR-100", classCount: 100, labelBytes: 2, namesFile: "fine_label_names.txt") { part, names in
            names.filter { $0 == (part == .training ? "train.bin" : "test.bin") }
        },
    ]

    private static func batchNumber(_ name: String) -> Int? {
        name.hasPrefix("data_batch_") && name.hasSuffix(".bin") ? Int(name.dropFirst("data_batch_".count).dropLast(".bin".count)) : nil
    }

    private let path: String
    private let folder: String
    private let kind: Kind
    private let names: [String]

    /// Tells whether a folder holds one of the data sets.
    static func isIn(_ folder: String) -> Bool { (try? DatasetCIFAR(folder)) != nil }

    /// Finds the data set in a folder, or in the folder within it that the archive makes; throws where there is none, or both.
    init(_ path: String) throws(InterchangeError) {
        guard let own = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw InterchangeError(path, "the folder cannot be read", repair: "check the path and its permissions")
        }
        let folders = [path] + Self.subfolders.filter(own.contains).map { "\(path)/\($0)" }
        var found: [(folder: String, kind: Kind, names: [String])] = []
        for folder in folders {
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
            for kind in Self.kinds where !kind.files(.training, names).isEmpty || !kind.files(.heldOut, names).isEmpty {
                found.append((folder, kind, names))
            }
        }
        guard let first = found.first else {
            let arePickles = ["data_batch_1", "cifar-10-batches-py", "cifar-100-python"].contains(where: own.contains)
            throw InterchangeError(
                path,
                arePickles ? "these are CIFAR's files for Python" : "there is no data_batch_1.bin (CIFAR-10) or train.bin (CIFAR-100)",
                repair: "take the binary version of the data set, for C programs")
        }
        if found.count > 1 {
            throw InterchangeError(
                path, "there are several data sets in the folder: \(found.map(\.kind.name).joined(separator: ", "))",
                repair: "name the folder of one of them, such as \(first.folder == path ? "\(path)/\(Self.subfolders[0])" : first.folder)")
        }
        self.path = path
        (folder, kind, names) = first
    }

    func hasPart(_ part: Dataset.Part) -> Bool { !kind.files(part, names).isEmpty }

    /// Reads one part.
    func read(_ part: Dataset.Part) throws(InterchangeError) -> Dataset {
        let files = kind.files(part, names)
        if files.isEmpty {
            let wanted = part == .training ? "data_batch_1.bin or train.bin" : "test_batch.bin or test.bin"
            throw InterchangeError(
                folder, "there is no \(wanted) in the folder",
                repair: "unpack the whole archive" + (part == .heldOut ? ", or hold out a share: --held-out 0.1" : ""))
        }
        let record = kind.labelBytes + Self.extents.count
        var count = 0
        for file in files {
            let path = "\(folder)/\(file)"
            let size = try InputFile.size(path)
            guard size > 0, size % record == 0 else {
                throw InterchangeError(
                    path, "the file has \(size) bytes, which are no records of \(record) bytes, as \(kind.name) has them",
                    repair: "fetch and unpack the archive again")
            }
            // Larger files are refused when they are read; what they would add does not overflow.
            count += min(size, Self.largestFile) / record
        }
        try MachineMemory.require(
            count * Self.extents.count, for: "\(count) pictures", path: path, repair: "take fewer files, or a machine with more memory")
        var (pixels, labels): ([UInt8], [Int32]) = ([], [])
        pixels.reserveCapacity(count * Self.extents.count)
        labels.reserveCapacity(count)
        for file in files { try read("\(folder)/\(file)", record, &pixels, &labels) }
        return Dataset(
            name: "cifar:\(path)", isSynthetic: false, classNames: try classNames(), extents: Self.extents, pixels: pixels, labels: labels)
    }

    private func read(_ path: String, _ record: Int, _ pixels: inout [UInt8], _ labels: inout [Int32]) throws(InterchangeError) {
        let data = try InputFile.read(path, maximum: Self.largestFile)
        var wrong: Int?
        data.withUnsafeBytes { bytes in
            // Whole records alone: the file may have changed since its size was looked at.
            for start in stride(from: 0, through: bytes.count - record, by: record) {
                let label = bytes[start + kind.labelBytes - 1]
                guard label < kind.classCount else {
                    wrong = start + kind.labelBytes - 1
                    return
                }
                labels.append(Int32(label))
                pixels += bytes[start + kind.labelBytes..<start + record]
            }
        }
        if let wrong {
            throw InterchangeError(
                path, .byte(wrong), "\(data[data.startIndex + wrong]) is not one of the \(kind.classCount) classes of \(kind.name)",
                repair: "check that these are the binary files of \(kind.name)")
        }
    }

    /// The names that stand beside the data, or numbers.
    private func classNames() throws(InterchangeError) -> [String] {
        guard names.contains(kind.namesFile) else { return (0..<kind.classCount).map(String.init) }
        let path = "\(folder)/\(kind.namesFile)"
        let text = String(decoding: try InputFile.read(path, maximum: 1 << 16), as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard lines.count == kind.classCount, Set(lines).count == kind.classCount else {
            throw InterchangeError(
                path, "the file holds \(Set(lines).count) names for \(kind.classCount) classes", repair: "restore it, or remove it")
        }
        return lines
    }
}
