import Foundation
import Graph
import Interchange

/// Reading data sets in the format of MNIST: a file of pictures and one of labels for each part (Fashion-MNIST, EMNIST, KMNIST).
enum DatasetIDX {
    private static let endings = ["-ubyte.gz", "-ubyte", ".gz", ""]
    private static let partNames: [Dataset.Part: [String]] = [.training: ["train"], .heldOut: ["t10k", "test"]]
    /// More classes than any data set has; names of all of them are held in memory.
    private static let largestLabel: Int64 = 65_535
    private static let repair = "check that the files of pictures and labels are complete and belong together"

    /// Tells whether a folder holds the pictures of one of the two parts.
    static func isIn(_ folder: String) -> Bool {
        partNames.values.joined().contains { !candidates("\($0)-images-idx3", in: folder).isEmpty }
    }

    static func hasPart(_ part: Dataset.Part, in folder: String) -> Bool { exists("images-idx3", part, in: folder) }

    /// Reads one part: pictures [N, rows, columns] of 8 bits, and labels [N], whole numbers from 0.
    ///
    /// There are as many classes as the labels of both parts have, from 0 to the largest; their names are these numbers.
    static func read(_ folder: String, _ part: Dataset.Part) throws(InterchangeError) -> Dataset {
        let imagePath = try find("images-idx3", part, in: folder)
        // What the headers say fits together before anything is unpacked: few bytes may stand for very many labels.
        let count = try imageCount(IDX.header(imagePath), imagePath)
        let labels = try readLabels(folder, part, count: count)
        let images = try IDX.read(imagePath) { (element, shape) throws(InterchangeError) in
            guard try imageCount((element, shape), imagePath) == count else {
                throw InterchangeError(imagePath, "the file changed while it was read", repair: repair)
            }
        }
        let other: Dataset.Part = part == .training ? .heldOut : .training
        let others = exists("labels-idx1", other, in: folder) ? try readLabels(folder, other, count: nil) : []
        let largest = max(labels.max() ?? 0, others.max() ?? 0)
        return Dataset(
            name: "mnist:\(folder)", isSynthetic: false, classNames: (0...largest).map(String.init),
            extents: ImageExtents(channels: 1, height: images.shape[1], width: images.shape[2]), pixels: images.bytes, labels: labels)
    }

    /// How many pictures there are by a file's header, which is to be that of pictures.
    private static func imageCount(
        _ header: (element: StoredElement, shape: [Int]), _ path: String
    ) throws(InterchangeError) -> Int {
        let (element, shape) = header
        guard element == .u8, shape.count == 3, !shape.contains(0) else {
            throw InterchangeError(path, "the file holds \(element) \(shape), not pictures [N, rows, columns]", repair: repair)
        }
        return shape[0]
    }

    /// Few bytes may stand for very many labels, and those of the other part are read without its pictures.
    private static let mostOtherLabels = 1 << 26

    /// Reads the labels of one part.
    ///
    /// - Parameter count: how many there are to be; nil where they only tell of classes.
    private static func readLabels(_ folder: String, _ part: Dataset.Part, count: Int?) throws(InterchangeError) -> [Int32] {
        let path = try find("labels-idx1", part, in: folder)
        let tensor = try IDX.read(path) { (element, shape) throws(InterchangeError) in
            guard element != .f32, element != .f64, shape.count == 1 else {
                throw InterchangeError(path, "the file holds \(element) \(shape), not labels [N]", repair: repair)
            }
            guard shape[0] == count ?? min(shape[0], mostOtherLabels) else {
                throw InterchangeError(
                    path, "the file holds \(shape[0]) labels, but there are \(count.map { "\($0)" } ?? "fewer") pictures", repair: repair)
            }
        }
        let (labels, wrong) = tensor.wholeNumbers { (0...largestLabel).contains($0) ? Int32(truncatingIfNeeded: $0) : nil }
        if let wrong {
            let message = "\(wrong.text) is not a class from 0 to \(largestLabel)"
            throw InterchangeError(path, .entry("label \(wrong.index)"), message, repair: "number the classes from 0")
        }
        return labels
    }

    private static func exists(_ kind: String, _ part: Dataset.Part, in folder: String) -> Bool {
        (partNames[part] ?? []).contains { !candidates("\($0)-\(kind)", in: folder).isEmpty }
    }

    /// Finds a file under one of its usual names: those of MNIST, or with a data set's name before, as `emnist-letters-train-images-idx3-ubyte`.
    private static func find(_ kind: String, _ part: Dataset.Part, in folder: String) throws(InterchangeError) -> String {
        let names = (partNames[part] ?? []).map { "\($0)-\(kind)" }
        for name in names {
            let found = candidates(name, in: folder)
            let prefixes = Set(found.map(\.prefix)).sorted()
            // MNIST's own names count before others.
            if let first = found.first(where: { $0.prefix == prefixes[0] }), prefixes[0].isEmpty || prefixes.count == 1 {
                return "\(folder)/\(first.file)"
            }
            if prefixes.count > 1 {
                let listed = prefixes.prefix(12).map { $0.dropLast() }.joined(separator: ", ")
                throw InterchangeError(
                    folder, "there are several data sets in the folder: \(listed)", repair: "give each a folder of its own")
            }
        }
        throw InterchangeError(
            folder, "there is no \(names[0])-ubyte.gz in the folder",
            repair: part == .heldOut && hasPart(.training, in: folder)
                ? "add it, or hold out a share of the training part: --held-out 0.1"
                : "fetch it: braid data fetch mnist --to \(folder); or train on builtin:digits")
    }

    /// The files of this name or with something before it and a hyphen, in the order of the endings; `prefix` ends in the hyphen.
    private static func candidates(_ name: String, in folder: String) -> [(file: String, prefix: String)] {
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        var found: [(file: String, prefix: String)] = []
        for spelling in [name, name.replacing("-idx", with: ".idx")] {
            for ending in endings {
                for file in files where file.hasSuffix(spelling + ending) {
                    let prefix = String(file.dropLast((spelling + ending).count))
                    if prefix.isEmpty || prefix.hasSuffix("-") { found.append((file, prefix)) }
                }
            }
        }
        return found
    }
}
