import Foundation
import Graph
import Interchange

/// Where data come from, as `--data` names it: a kind and a path, such as `folder:photos`.
public enum DatasetSpecification: Equatable, Sendable, CustomStringConvertible {
    /// A folder with the four files of MNIST, or of a data set in its format (Fashion-MNIST, EMNIST), with any number of classes.
    case mnist(folder: String)
    /// A folder with the binary files of CIFAR-10 or CIFAR-100.
    case cifar(folder: String)
    /// A folder with `train/CLASS/*.jpg` and `val/CLASS/*.jpg` (or of another `ImageFormat`).
    case folder(String)
    /// A list `path,label` of pictures, or a folder with `train.csv` and `val.csv`.
    case csv(String)
    /// An `.npz` archive, or a folder of `.npy` files, with arrays of pictures and labels such as `x_train` and `y_train`.
    case numpy(String)
    /// The synthetic digits, drawn by code.
    case digits
    /// The synthetic shapes, drawn by code.
    case shapes

    /// What may be written, in a few words.
    public static let forms = "mnist:DIR, cifar:DIR, folder:DIR, csv:PATH, numpy:PATH, builtin:digits or builtin:shapes (synthetic)"
    private static let explainedForms =
        "mnist:DIR (also Fashion-MNIST, EMNIST and their like), cifar:DIR (binary files), folder:DIR (train/CLASS/*.jpg, val/CLASS/*.jpg), "
        + "csv:PATH (lines path,label), numpy:PATH (.npz, or a folder of .npy), builtin:digits or builtin:shapes"

    /// Reads the text of `--data`; throws where it is none of the forms.
    public init(parsing text: String) throws(InterchangeError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            // A bare path is the likeliest mistake, so what lies there shows which form was meant.
            if FileManager.default.fileExists(atPath: text) {
                throw InterchangeError(text, "a data set is named with its kind", repair: "write \(Self.likelyKind(of: text)):\(text)")
            }
            throw InterchangeError(text, "this names no data set", repair: "write \(Self.explainedForms)")
        }
        switch (parts[0], parts[1]) {
        case ("mnist", ""), ("cifar", ""), ("folder", ""):
            throw InterchangeError(text, "the folder is missing", repair: "write \(parts[0]):DIR")
        case ("csv", ""), ("numpy", ""):
            throw InterchangeError(text, "the path is missing", repair: "write \(parts[0]):PATH")
        case ("mnist", let folder): self = .mnist(folder: folder)
        case ("cifar", let folder): self = .cifar(folder: folder)
        case ("folder", let folder): self = .folder(folder)
        case ("csv", let path): self = .csv(path)
        case ("numpy", let path): self = .numpy(path)
        case ("builtin", "digits"): self = .digits
        case ("builtin", "shapes"): self = .shapes
        case ("builtin", let name):
            throw InterchangeError(text, "there is no built-in data set \"\(name)\"", repair: "write builtin:digits or builtin:shapes")
        default:
            throw InterchangeError(text, "\"\(parts[0])\" is no kind of data set", repair: "write \(Self.explainedForms)")
        }
    }

    private static func likelyKind(of path: String) -> String {
        let ending = (path as NSString).pathExtension.lowercased()
        if ending == "csv" || FileManager.default.fileExists(atPath: "\(path)/train.csv") { return "csv" }
        if ending == "npz" || DatasetArrays.areIn(path) { return "numpy" }
        return DatasetIDX.isIn(path) ? "mnist" : DatasetCIFAR.isIn(path) ? "cifar" : "folder"
    }

    public var description: String {
        switch self {
        case .mnist(let folder): "mnist:\(folder)"
        case .cifar(let folder): "cifar:\(folder)"
        case .folder(let folder): "folder:\(folder)"
        case .csv(let path): "csv:\(path)"
        case .numpy(let path): "numpy:\(path)"
        case .digits: "builtin:digits"
        case .shapes: "builtin:shapes"
        }
    }

    /// Whether the data are read from a file, by its place: of lists the lists alone, and not the pictures that they name.
    public func isRead(from path: String) -> Bool {
        let root: String
        switch self {
        case .mnist(let path), .cifar(let path), .folder(let path), .csv(let path), .numpy(let path): root = path
        case .digits, .shapes: return false
        }
        guard let identity = FileIdentity(path) else { return false }
        if identity == FileIdentity(root) { return true }
        func components(_ path: String) -> [String] {
            URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.pathComponents
        }
        let (own, folder) = (components(path), components(root))
        guard own.starts(with: folder) else { return false }
        let rest = own.dropFirst(folder.count)
        let ending = (path as NSString).pathExtension.lowercased()
        switch self {
        case .folder: return rest.count >= 3
        case .csv: return rest.count == 1 && rest.last.map(DatasetList.isPart) == true
        case .numpy: return rest.count == 1 && ["npy", "npz"].contains(ending)
        case .mnist, .cifar: return rest.count == 1 && !["csv", "json", "png", "safetensors", "svg"].contains(ending)
        case .digits, .shapes: return false
        }
    }

    /// Whether the data have a part to judge by; `open` with a split needs data that have none.
    public var hasHeldOutPart: Bool {
        switch self {
        case .mnist(let folder): DatasetIDX.hasPart(.heldOut, in: folder)
        case .cifar(let folder): (try? DatasetCIFAR(folder))?.hasPart(.heldOut) ?? false
        case .folder(let folder): DatasetFolder.hasPart(.heldOut, in: folder)
        case .csv(let path): DatasetList.hasPart(.heldOut, in: path)
        case .numpy(let path): (try? DatasetArrays(path))?.hasPart(.heldOut) ?? false
        case .digits, .shapes: true
        }
    }

    /// Reads or draws one part of the data; with a split, what of the training part it makes that part of.
    ///
    /// `extents` is what the network takes, and `preparation` how pictures become that: photos are prepared for it, grey or RGB; data sets
    /// whose pictures have one size refuse another unless the preparation resizes or crops. Without it photos take the extents of the first
    /// one. Throws where files are missing, damaged or of other extents.
    public func open(
        _ part: Dataset.Part, extents: ImageExtents? = nil, preparation: PicturePreparation = PicturePreparation(),
        options: DatasetOptions = DatasetOptions()
    ) throws(InterchangeError) -> Dataset {
        try requireSplit(options)
        let stored = options.split == nil ? part : .training
        var dataset: Dataset
        switch self {
        case .mnist(let folder): dataset = try DatasetIDX.read(folder, stored)
        case .cifar(let folder): dataset = try DatasetCIFAR(folder).read(stored)
        case .folder, .csv: return try pictures(part, options).read(extents: extents, preparation, options)
        case .numpy(let path):
            dataset = try DatasetArrays(path).read(stored, extents: extents, wish: options.wish, ignoredLabel: options.ignoredLabel)
        case .digits: dataset = Self.drawDigits(stored)
        case .shapes:
            let isTraining = stored == .training
            dataset = SyntheticShapes(part: isTraining ? .training : .heldOut).dataset(
                count: isTraining ? SyntheticShapes.defaultTrainingCount : SyntheticShapes.defaultHeldOutCount, wish: options.wish)
        }
        if let split = options.split {
            dataset = dataset.selecting(try split.places(part, labels: dataset.labels, path: description))
        }
        if let names = options.knownClassNames { dataset = dataset.named(as: names) }
        let isPrepared = preparation.resize != nil || preparation.crop != nil
        if isPrepared, case .labelMaps? = dataset.truth {
            throw InterchangeError(
                description, "classes of pixels are not resized or cropped as the input's `prepare` says",
                repair: "save pictures and maps in the size of the input, and leave out `resize` and `crop`")
        }
        if let extents, isPrepared, extents.channels == dataset.extents.channels, [1, 3].contains(extents.channels) {
            return dataset.prepared(preparation, height: extents.height, width: extents.width)
        }
        if let extents, extents != dataset.extents {
            let (problem, repair) = extents.refusal(of: dataset.extents, target: options.pictureTarget)
            throw InterchangeError(description, "the \(stored.adjective) pictures have \(problem)", repair: repair)
        }
        return dataset
    }

    /// Says what one part of the data holds; pictures that cannot be read are named there.
    ///
    /// Throws where there is no such part, and where the data are damaged.
    public func describe(_ part: Dataset.Part, options: DatasetOptions = DatasetOptions()) throws(InterchangeError) -> DatasetDescription {
        switch self {
        case .folder, .csv:
            try requireSplit(options)
            return try DatasetDescription(pictures(part, options))
        case .mnist, .cifar, .numpy, .digits, .shapes: return DatasetDescription(try open(part, options: options))
        }
    }

    /// The names of the classes of the training part; picture files are not read for that.
    public func classNames(options: DatasetOptions = DatasetOptions()) throws(InterchangeError) -> [String] {
        switch self {
        case .folder, .csv:
            try requireSplit(options)
            return try pictures(.training, options).classNames.map(\.withoutControlCharacters)
        case .mnist, .cifar, .numpy, .digits, .shapes: return try open(.training, options: options).classNames
        }
    }

    /// The picture files of a part, where the data are such.
    private func pictures(_ part: Dataset.Part, _ options: DatasetOptions) throws(InterchangeError) -> DatasetPictures {
        let stored = options.split == nil ? part : .training
        switch self {
        case .folder(let folder):
            return try DatasetFolder.pictures(folder, stored, classNames: options.knownClassNames, wish: options.wish)
                .part(part, of: options.split)
        case .csv(let path):
            return try DatasetList.pictures(path, stored, classNames: options.knownClassNames, wish: options.wish)
                .part(part, of: options.split)
        case .mnist, .cifar, .numpy, .digits, .shapes: preconditionFailure("\(self) has no files of pictures")
        }
    }

    private func requireSplit(_ options: DatasetOptions) throws(InterchangeError) {
        if options.split != nil, hasHeldOutPart {
            throw InterchangeError(description, "the data have a held-out part already", repair: "leave out --held-out")
        }
    }

    private static func drawDigits(_ part: Dataset.Part) -> Dataset {
        let count = part == .training ? SyntheticDigits.defaultTrainingCount : SyntheticDigits.defaultHeldOutCount
        return SyntheticDigits(part: part == .training ? .training : .heldOut).dataset(count: count)
    }
}

extension SyntheticDigits {
    /// Draws the pictures 0 up to `count`, on all cores.
    public func dataset(count: Int) -> Dataset {
        let area = Self.side * Self.side, piece = 500
        let pixels = [UInt8](unsafeUninitializedCapacity: count * area) { buffer, initialized in
            nonisolated(unsafe) let buffer = buffer
            DispatchQueue.concurrentPerform(iterations: (count + piece - 1) / piece) { index in
                let indices = index * piece..<min(count, (index + 1) * piece)
                draw(indices, into: UnsafeMutableBufferPointer(rebasing: buffer[indices.lowerBound * area..<indices.upperBound * area]))
            }
            initialized = count * area
        }
        return Dataset(
            name: "synthetic digits (drawn by code)", isSynthetic: true, classNames: (0..<10).map(String.init),
            extents: ImageExtents(channels: 1, height: Self.side, width: Self.side), pixels: pixels,
            labels: (0..<count).map(label))
    }
}
