import Foundation
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
        let (labelPath, labels) = try readLabels(folder, part)
        let images = try IDX.read(imagePath) { (element, shape) throws(InterchangeError) in
            guard element == .u8, shape.count == 3, !shape.contains(0) else {
                throw InterchangeError(imagePath, "the file holds \(element) \(shape), not pictures [N, rows, columns]", repair: repair)
            }
            guard labels.count == shape[0] else {
                let message = "the file holds \(labels.count) labels, but there are \(shape[0]) pictures"
                throw InterchangeError(labelPath, message, repair: repair)
            }
        }
        let other: Dataset.Part = part == .training ? .heldOut : .training
        let others = exists("labels-idx1", other, in: folder) ? try readLabels(folder, other).labels : []
        let largest = max(labels.max() ?? 0, others.max() ?? 0)
        return Dataset(
            name: "mnist:\(folder)", isSynthetic: false, classNames: (0...largest).map(String.init),
            extents: ImageExtents(channels: 1, height: images.shape[1], width: images.shape[2]), pixels: images.bytes, labels: labels)
    }

    private static func readLabels(
        _ folder: String, _ part: Dataset.Part
    ) throws(InterchangeError) -> (path: String, labels: [Int32]) {
        let path = try find("labels-idx1", part, in: folder)
        let tensor = try IDX.read(path)
        guard let labels = tensor.integers, tensor.shape.count == 1 else {
            throw InterchangeError(path, "the file holds \(tensor.element) \(tensor.shape), not labels [N]", repair: repair)
        }
        if let wrong = labels.firstIndex(where: { !(0...largestLabel).contains($0) }) {
            let message = "\(labels[wrong]) is not a class from 0 to \(largestLabel)"
            throw InterchangeError(path, .entry("label \(wrong)"), message, repair: "number the classes from 0")
        }
        return (path, labels.map { Int32($0) })
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
