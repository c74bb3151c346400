/// How a picture file becomes the values of an input, as `prepare` declares it: turned, resized, cropped, its channels put in order, normalized, in
/// this order.
///
/// The arithmetic is that of torchvision's transforms on Pillow's pictures: `Resize`, `CenterCrop`, `ToTensor`, `Normalize`.
public struct PicturePreparation: Hashable, Sendable {
    /// How pixels are made of their neighbours. All but `nearest` widen their filter where they shrink a picture (antialiasing).
    public enum Interpolation: String, CaseIterable, Hashable, Sendable {
        case nearest
        /// A triangle: linear between two pixels.
        case bilinear
        /// Keys's cubic with a = -0.5.
        case bicubic
    }

    /// In which order a picture's three channels are.
    public enum ChannelOrder: String, CaseIterable, Hashable, Sendable {
        /// Red, green, blue, as in files.
        case rgb
        /// Blue, green, red, as OpenCV reads pictures, and Caffe's models take them.
        case bgr

        /// Where the channel of a number is among those of a file.
        public func channel(_ number: Int, of count: Int) -> Int { self == .bgr ? count - 1 - number : number }
    }

    /// Rows and columns.
    public struct Extents: Hashable, Sendable {
        public var height: Int
        public var width: Int

        public init(height: Int, width: Int) {
            self.height = height
            self.width = width
        }
    }

    /// What a picture is resized to.
    public enum Size: Hashable, Sendable {
        /// The shorter side has so many pixels, the longer one as many as keep the proportions, cut off to a whole number.
        case shorterSide(Int)
        /// So many rows and columns, whatever the proportions.
        case exact(Extents)
    }

    /// The largest side that a picture is resized to.
    public static let largestSide = 16_384

    /// Nil: as `crop` says, or where that is nil too, so that the picture just covers the input.
    public var resize: Size?
    /// The middle that is cut out, the input's size; nil where `resize` decides what is left, which is cropped to the input's size too.
    /// With a crop and no `resize` pictures keep their size, and smaller ones get a black border.
    public var crop: Extents?
    public var interpolation: Interpolation
    /// Whether a picture is first turned as its EXIF orientation says. Off where nothing is said, as in torchvision and Keras, with which
    /// published weights were trained and measured.
    public var appliesOrientation: Bool
    /// The order of the input's channels, of which `normalization` has one number each.
    public var order: ChannelOrder
    /// What is done to values in 0...1 at last; nil where nothing is said.
    public var normalization: PixelScale?

    public init(
        resize: Size? = nil, crop: Extents? = nil, interpolation: Interpolation = .bilinear, appliesOrientation: Bool = false,
        order: ChannelOrder = .rgb, normalization: PixelScale? = nil
    ) {
        self.resize = resize
        self.crop = crop
        self.interpolation = interpolation
        self.appliesOrientation = appliesOrientation
        self.order = order
        self.normalization = normalization
    }
}

extension PicturePreparation {
    /// A part of a preparation, by the name under which the language and the graph's text give it.
    public enum Setting: String, CaseIterable, Hashable, Sendable {
        case resize, crop, interpolation
        case orientation = "exif_orientation"
        case order = "channel_order"
        case mean
        case deviation = "std"

        /// Whether what follows is one of a few words, and no value of an expression.
        public var takesWord: Bool { self == .interpolation || self == .order }

        /// What it says, for people.
        public var summary: String {
            switch self {
            case .resize:
                "`256`: the shorter side gets so many pixels and the proportions stay; `(256, 320)`: so many rows and columns. "
                    + "By default the picture just covers the input."
            case .crop:
                "`224` or `(224, 192)`, the input's size: the middle is cut out, which is done anyway. Without `resize`, pictures keep "
                    + "their size, and smaller ones get a black border."
            case .interpolation: "`nearest`, `bilinear` (the default) or `bicubic`, antialiased."
            case .orientation:
                "`true`: the picture is turned as its EXIF orientation says. By default it is not."
            case .order:
                "`rgb` (the default) or `bgr`, the order in which the input takes the channels, and `mean` and `std` list them."
            case .mean:
                "What is taken from values in 0...1, a number or a list with one a channel; with `std`."
            case .deviation:
                "What the values are then divided by, a number or a list with one a channel; with `mean`."
            }
        }
    }

    /// What is wrong with a preparation, and where.
    public struct Problem: Equatable, Sendable {
        /// Nil where it is the preparation as a whole.
        public var setting: Setting?
        public var message: String
        public var repair: String
    }

    /// Why pictures cannot be prepared so for an input of a type; nil where they can.
    public func problem(for type: TensorType) -> Problem? {
        guard type.element == .f32, type.rank == 4, let channels = type.shape[1].value, channels == 1 || channels == 3 else {
            return Problem(
                message: "only pictures can be prepared, and \(type) holds none",
                repair: "pictures are f32[N, 1 or 3, height, width]")
        }
        if let count = normalization?.mean.count, count != 1, count != channels {
            return Problem(
                setting: .mean, message: "\(count) means for \(channels) channels",
                repair: "give one number, or one a channel")
        }
        if order != .rgb, channels != 3 {
            return Problem(
                setting: .order, message: "one channel has no order \(order.rawValue)", repair: "leave `\(Setting.order.rawValue)` out")
        }
        // An input of any size takes pictures of the size that they are resized to.
        guard let height = type.shape[2].value, let width = type.shape[3].value else { return nil }
        if let crop, crop != Extents(height: height, width: width) {
            return Problem(
                setting: .crop,
                message: "the crop is \(crop.height) x \(crop.width), but the input \(height) x \(width)",
                repair: "leave `crop` out: pictures are cropped to the input's size")
        }
        let isTooSmall =
            switch resize {
            case .shorterSide(let side): side < max(height, width)
            case .exact(let size): size.height < height || size.width < width
            case nil: false
            }
        if isTooSmall {
            return Problem(
                setting: .resize,
                message: "pictures that are resized so do not fill the input, \(height) x \(width)",
                repair: "resize to \(max(height, width)) or more")
        }
        return nil
    }

    /// The rows and columns that a picture has, once it is resized and cropped, for an input of any size: its own where nothing is said.
    public func extents(of picture: Extents) -> Extents {
        if let crop { return crop }
        switch resize {
        case nil: return picture
        case .exact(let size): return size
        // The longer side is cut off, not rounded.
        case .shorterSide(let side):
            return picture.width <= picture.height
                ? Extents(height: side * picture.height / picture.width, width: side)
                : Extents(height: side, width: side * picture.width / picture.height)
        }
    }

    /// The preparation as the graph's text has it: `prepare(resize: 256, mean: [0.5], std: [0.5])`, without what is the default.
    public var text: String { "prepare(\(settings))" }

    /// What the language has behind `prepare`, without what is the default: `resize: 256, mean: [0.5], std: [0.5]`.
    public var settings: String { settings(isShort: false).joined(separator: ", ") }

    /// The settings that are not the default; shortly, a square and a list of one number are one number.
    public func settings(isShort: Bool) -> [String] {
        var parts: [String] = []
        switch resize {
        case .shorterSide(let side): parts.append("resize: \(side)")
        case .exact(let size): parts.append("resize: \(size.text)")
        case nil: break
        }
        if let crop { parts.append("crop: " + (isShort && crop.height == crop.width ? "\(crop.height)" : crop.text)) }
        if interpolation != .bilinear { parts.append("interpolation: \(interpolation.rawValue)") }
        if appliesOrientation { parts.append("exif_orientation: true") }
        if order != .rgb { parts.append("channel_order: \(order.rawValue)") }
        if let normalization {
            let list = { (values: [Double]) in
                let texts = values.map { TextScanner.text(ofNumber: $0) }
                return isShort && texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
            }
            parts.append("mean: \(list(normalization.mean)), std: \(list(normalization.deviation))")
        }
        return parts
    }

    /// Reads what `text` prints, behind `prepare`.
    init(reading scanner: inout TextScanner) throws(TextError) {
        self.init()
        var given: Set<Setting> = []
        var mean: [Double] = []
        try scanner.expect("(")
        while !scanner.accept(")") {
            if !given.isEmpty { try scanner.expect(",") }
            let place = scanner.skipBlanks()
            let name = try scanner.name("a setting")
            guard let setting = Setting(rawValue: name), given.insert(setting).inserted else {
                let known = Setting.allCases.map(\.rawValue).joined(separator: ", ")
                throw scanner.error(
                    "'\(name)' is no setting of a preparation, or given twice", repair: "there are \(known)",
                    at: place)
            }
            try scanner.expect(":")
            switch setting {
            case .resize:
                resize =
                    scanner.sees("(")
                    ? .exact(try Extents(reading: &scanner)) : .shorterSide(try Extents.side(&scanner))
            case .crop: crop = try Extents(reading: &scanner)
            case .interpolation: interpolation = try Self.choice(&scanner, "interpolation")
            case .order: order = try Self.choice(&scanner, "order of channels")
            case .orientation:
                appliesOrientation = scanner.accept("true")
                if !appliesOrientation { try scanner.expect("false") }
            case .mean: mean = try Self.numbers(&scanner)
            case .deviation:
                let place = scanner.skipBlanks()
                let deviation = try Self.numbers(&scanner)
                guard !mean.isEmpty, deviation.count == mean.count, deviation.allSatisfy({ $0 > 0 }) else {
                    throw scanner.error(
                        "'std' must be above 0, and follow 'mean' with as many numbers", at: place)
                }
                normalization = PixelScale(mean: mean, deviation: deviation)
            }
        }
        guard mean.isEmpty || normalization != nil else { throw scanner.error("'mean' needs 'std'") }
    }

    /// One of a few names.
    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ scanner: inout TextScanner, _ kind: String
    ) throws(TextError) -> Choice {
        let place = scanner.skipBlanks()
        guard let known = Choice(rawValue: try scanner.name("an \(kind)")) else {
            let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw scanner.error("there is no such \(kind)", repair: "there are \(all)", at: place)
        }
        return known
    }

    /// A list in brackets of one number or more, all finite.
    private static func numbers(_ scanner: inout TextScanner) throws(TextError) -> [Double] {
        var numbers: [Double] = []
        try scanner.expect("[")
        repeat {
            let place = scanner.skipBlanks()
            numbers.append(try scanner.number())
            guard numbers.last?.isFinite == true else {
                throw scanner.error("a mean or deviation must be finite", at: place)
            }
        } while scanner.accept(",")
        try scanner.expect("]")
        return numbers
    }
}

extension PicturePreparation.Extents {
    fileprivate var text: String { "(\(height), \(width))" }

    fileprivate static func side(_ scanner: inout TextScanner) throws(TextError) -> Int {
        try scanner.integer("a side", in: 1...PicturePreparation.largestSide)
    }

    fileprivate init(reading scanner: inout TextScanner) throws(TextError) {
        try scanner.expect("(")
        height = try Self.side(&scanner)
        try scanner.expect(",")
        width = try Self.side(&scanner)
        try scanner.expect(")")
    }
}
