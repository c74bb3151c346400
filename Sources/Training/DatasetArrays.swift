import Foundation
import Interchange

/// Pictures and labels in arrays of NumPy: an `.npz` archive, or a folder of `.npy` files.
struct DatasetArrays {
    /// What the parts are called in names of arrays, and how names are made of them.
    private static let partNames: [Dataset.Part: [String]] = [
        .training: ["train"], .heldOut: ["val", "valid", "validation", "test"],
    ]
    private static let forms = [
        ("x_#", "y_#"), ("#_x", "#_y"), ("#_images", "#_labels"), ("images_#", "labels_#"), ("#_data", "#_labels"),
    ]
    /// Arrays that are not parted; the last ones are those that `numpy.savez` names by itself.
    private static let wholes = [("images", "labels"), ("x", "y"), ("image", "label"), ("data", "labels"), ("arr_0", "arr_1")]
    private static let largestLabel: Int64 = 65_535

    private let path: String
    private let arrays: NumPyCollection

    /// Lists the arrays; throws where there are none.
    init(_ path: String) throws(InterchangeError) {
        self.path = path
        arrays = try NumPyCollection(path: path)
    }

    /// Tells whether there are arrays of pictures.
    static func areIn(_ path: String) -> Bool {
        guard let arrays = try? DatasetArrays(path) else { return false }
        return [Dataset.Part.training, .heldOut].contains(where: arrays.hasPart)
    }

    /// Reads one part; `wanted` is what a network takes, and decides where an array may be read in two ways. Pixels of the class
    /// `ignoredLabel` are of none.
    func read(
        _ part: Dataset.Part, extents wanted: ImageExtents?, wish: DatasetWish = .classes, ignoredLabel: Int? = nil
    ) throws(InterchangeError) -> Dataset {
        guard let (imageName, labelName) = names(part) else { throw absence(part) }
        if wish == .pictures, !arrays.names.contains(labelName) {
            let images = try DatasetArray(try arrays.read(imageName), place: place(imageName), extents: wanted)
            return Dataset(
                name: "numpy:\(path)", isSynthetic: false, classNames: ["pictures"], extents: images.extents, pixels: images.pixels,
                labels: [Int32](repeating: 0, count: images.count))
        }
        guard let pair = try pair(part) else { throw absence(part) }
        try requireSameCount(pair)
        if let truth = try readTruth(pair.labels, wish) {
            let images = try DatasetArray(try arrays.read(pair.images), place: place(pair.images), extents: wanted)
            try require(truth.count, of: pair.labels, images.count, of: pair.images)
            var classNames: [String]
            switch truth {
            case .numbers(_, let columns): classNames = columns
            case .labelMaps(let values, let height, let width):
                guard (height, width) == (images.extents.height, images.extents.width) else {
                    throw InterchangeError(
                        place(pair.labels), "the maps are \(height) x \(width), but the pictures \(images.extents)",
                        repair: "save a class for each pixel")
                }
                let largest = values.lazy.map { Int($0) }.filter { $0 != ignoredLabel }.max() ?? 0
                classNames = (0...largest).map(String.init)
            }
            return Dataset(
                name: "numpy:\(path)", isSynthetic: false, classNames: classNames, extents: images.extents, pixels: images.pixels,
                labels: [Int32](repeating: 0, count: images.count), truth: truth)
        }
        let labels = try readLabels(pair.labels)
        let images = try DatasetArray(try arrays.read(pair.images), place: place(pair.images), extents: wanted)
        try require(labels.count, of: pair.labels, images.count, of: pair.images)
        let other = try self.pair(part == .training ? .heldOut : .training)
        var others: [Int32] = []
        // Few bytes may stand for very many labels.
        if let other, try arrays.shape(of: other.labels).reduce(1, { .clampedProduct($0, $1) }) <= 1 << 26 {
            others = try readLabels(other.labels)
        }
        let largest = max(labels.max() ?? 0, others.max() ?? 0)
        return Dataset(
            name: "numpy:\(path)", isSynthetic: false, classNames: (0...largest).map(String.init), extents: images.extents,
            pixels: images.pixels, labels: labels)
    }

    /// Compares how many pictures and labels there are before either array is unpacked: few bytes may stand for very many labels.
    private func requireSameCount(_ pair: (images: String, labels: String)) throws(InterchangeError) {
        // What is said of an array without that axis is said when it is read.
        guard let images = try arrays.shape(of: pair.images).first, let labels = try arrays.shape(of: pair.labels).first else { return }
        try require(labels, of: pair.labels, images, of: pair.images)
    }

    private func require(
        _ labels: Int, of labelName: String, _ images: Int, of imageName: String
    ) throws(InterchangeError) {
        guard images == labels else {
            throw InterchangeError(
                place(labelName), "there are \(labels) labels, but \(images) pictures in \(imageName)",
                repair: "save both of the same pictures")
        }
    }

    /// Numbers [N, count], or [N] for one each, or maps of classes [N, H, W] or [N, 1, H, W]; nil where classes of pictures are wanted, or
    /// are what there is.
    private func readTruth(_ name: String, _ wish: DatasetWish) throws(InterchangeError) -> DatasetTruth? {
        switch wish {
        case .classes, .pictures: return nil
        case .numbers(let count):
            let tensor = try arrays.read(name)
            // Whole numbers, one each, where several are wanted, are classes.
            if count > 1, tensor.shape.count == 1 || tensor.shape.count == 2 && tensor.shape[1] == 1 { return nil }
            guard tensor.shape.count == 1 && count == 1 || tensor.shape.count == 2 && tensor.shape[1] == count else {
                throw InterchangeError(
                    place(name), "the array is \(tensor.element) \(tensor.shape), but the target takes \(count) numbers a picture",
                    repair: "save them as [N, \(count)], or declare the target as f32[N, \(tensor.shape.last ?? 1)]")
            }
            let values = tensor.floats
            if let wrong = values.firstIndex(where: { !$0.isFinite }) {
                throw InterchangeError(
                    place(name), .entry("value \(wrong)"), "\(values[wrong]) is no finite number", repair: "leave the picture out")
            }
            return .numbers(values, columns: (0..<count).map(String.init))
        case .labelMaps:
            let tensor = try arrays.read(name)
            let shape = tensor.shape.count == 4 && tensor.shape[1] == 1 ? [tensor.shape[0]] + tensor.shape[2...] : tensor.shape
            guard shape.count == 3, !shape.contains(0) else {
                throw InterchangeError(
                    place(name), "the array is \(tensor.element) \(tensor.shape), not the class of each pixel [N, H, W]",
                    repair: "save one number a pixel")
            }
            let (values, wrong) = tensor.wholeNumbers { UInt8(exactly: $0) }
            if let wrong {
                throw InterchangeError(
                    place(name), .entry("value \(wrong.index)"), "\(wrong.text) is not a class from 0 to 255",
                    repair: "number the classes of pixels from 0")
            }
            return .labelMaps(values, height: shape[1], width: shape[2])
        }
    }

    func hasPart(_ part: Dataset.Part) -> Bool { names(part) != nil }

    /// How errors name an array.
    private func place(_ name: String) -> String { "\(path), \(name)" }

    /// The array of one part's pictures, as it is spelled, and that of its labels, which may be absent; nil where there are no pictures.
    private func names(_ part: Dataset.Part) -> (images: String, labels: String)? {
        let known = Dictionary(arrays.names.map { ($0.lowercased(), $0) }) { first, _ in first }
        var candidates = (Self.partNames[part] ?? []).flatMap { name in
            Self.forms.map { ($0.0.replacing("#", with: name), $0.1.replacing("#", with: name)) }
        }
        if part == .training { candidates += Self.wholes }
        return candidates.lazy.compactMap { images, labels in known[images].map { ($0, known[labels] ?? labels) } }.first
    }

    /// The arrays of one part, as they are spelled; nil where there are none. Throws where there are pictures without labels.
    private func pair(_ part: Dataset.Part) throws(InterchangeError) -> (images: String, labels: String)? {
        guard let names = names(part) else { return nil }
        guard arrays.names.contains(names.labels) else {
            throw InterchangeError(path, "there is '\(names.images)', but no '\(names.labels)'", repair: "save the labels, too")
        }
        return names
    }

    private func absence(_ part: Dataset.Part) -> InterchangeError {
        let found = arrays.names.prefix(12).joined(separator: ", ")
        let wanted = part == .training ? "x_train and y_train" : "x_test and y_test"
        return InterchangeError(
            path, "there are no arrays \(wanted)" + (found.isEmpty ? "" : ", but \(found)"),
            repair: "save them: numpy.savez(path, x_train=…, y_train=…, x_test=…, y_test=…)"
                + (part == .heldOut && hasPart(.training) ? ", or hold out a share: --held-out 0.1" : ""))
    }

    /// Labels [N] or [N, 1], whole numbers from 0 of any type.
    private func readLabels(_ name: String) throws(InterchangeError) -> [Int32] {
        let tensor = try arrays.read(name)
        guard tensor.shape.count == 1 || tensor.shape.count == 2 && tensor.shape[1] == 1 else {
            let isOneHot = tensor.shape.count == 2
            throw InterchangeError(
                place(name), "the array is \(tensor.element) \(tensor.shape), not labels [N]",
                repair: isOneHot ? "save the classes' numbers: labels.argmax(1)" : "save one number a picture")
        }
        let (labels, wrong) = tensor.wholeNumbers { (0...Self.largestLabel).contains($0) ? Int32(truncatingIfNeeded: $0) : nil }
        if let wrong {
            throw InterchangeError(
                place(name), .entry("label \(wrong.index)"), "\(wrong.text) is not a class from 0 to \(Self.largestLabel)",
                repair: "number the classes from 0")
        }
        return labels
    }
}
