import Foundation

/// How a picture lies in its file, as EXIF's tag 0x0112 says it (CIPA DC-008): what must be done to see it upright.
enum ImageOrientation: Int, CaseIterable {
    case upright = 1
    case mirrored, turnedHalf, flipped, transposed, turnedRight, transversed, turnedLeft

    /// Reads what a picture file says; `upright` where it says nothing or what cannot be read, as viewers do.
    init(of file: Data) {
        self =
            file.withUnsafeBytes { bytes in
                let bytes = FileFields(bytes: bytes)
                let number: Int? =
                    switch ImageFormat(of: bytes.bytes) {
                    case .jpeg: Self.inJPEG(bytes)
                    case .png: Self.inPNG(bytes)
                    case .webp: Self.inWebP(bytes)
                    case .netpbm, nil: nil
                    }
                return number.flatMap(Self.init(rawValue:))
            } ?? .upright
    }

    /// The segment APP1 that begins with `Exif`, before the first scan.
    private static func inJPEG(_ bytes: FileFields) -> Int? {
        var place = 2
        while let mark = bytes.integer(at: place, count: 1), mark == 0xff, let marker = bytes.integer(at: place + 1, count: 1) {
            switch marker {
            case 0xff: place += 1
            case 0x01, 0xd0...0xd7: place += 2
            case 0xd9, 0xda: return nil
            default:
                guard let size = bytes.integer(at: place + 2, count: 2), size >= 2 else { return nil }
                if marker == 0xe1, bytes.holds([UInt8]("Exif\0\0".utf8), at: place + 4) { return inTIFF(bytes, at: place + 10) }
                place += 2 + size
            }
        }
        return nil
    }

    private static func inPNG(_ bytes: FileFields) -> Int? {
        var place = 8
        while let size = bytes.integer(at: place, count: 4) {
            if bytes.holds([UInt8]("eXIf".utf8), at: place + 4) { return inTIFF(bytes, at: place + 8) }
            place += 12 + size
        }
        return nil
    }

    /// The chunk `EXIF`, behind the picture; some writers begin it as JPEG's segment begins.
    private static func inWebP(_ bytes: FileFields) -> Int? {
        var place = 12
        while let size = bytes.integer(at: place + 4, count: 4, isLittle: true) {
            if bytes.holds([UInt8]("EXIF".utf8), at: place) {
                return inTIFF(bytes, at: place + (bytes.holds([UInt8]("Exif\0\0".utf8), at: place + 8) ? 14 : 8))
            }
            place += 8 + size + size % 2
        }
        return nil
    }

    /// The tag of the first directory of what is a small TIFF file, in either order of bytes.
    private static func inTIFF(_ bytes: FileFields, at start: Int) -> Int? {
        let isLittle = bytes.holds([0x49, 0x49, 42, 0], at: start)
        guard isLittle || bytes.holds([0x4d, 0x4d, 0, 42], at: start) else { return nil }
        func integer(_ place: Int, _ count: Int) -> Int? { bytes.integer(at: start + place, count: count, isLittle: isLittle) }
        guard let directory = integer(4, 4), let count = integer(directory, 2) else { return nil }
        for index in 0..<count {
            let entry = directory + 2 + 12 * index
            guard let tag = integer(entry, 2), let type = integer(entry + 2, 2) else { return nil }
            guard tag == 0x0112 else { continue }
            switch type {
            case 1: return integer(entry + 8, 1)
            case 3: return integer(entry + 8, 2)
            case 4: return integer(entry + 8, 4)
            default: return nil
            }
        }
        return nil
    }
}

/// The bytes of a file, none of which is trusted to be there.
private struct FileFields {
    let bytes: UnsafeRawBufferPointer

    func holds(_ expected: [UInt8], at place: Int) -> Bool {
        place >= 0 && place <= bytes.count - expected.count && bytes[place..<place + expected.count].elementsEqual(expected)
    }

    /// An integer of 1, 2 or 4 bytes.
    func integer(at place: Int, count: Int, isLittle: Bool = false) -> Int? {
        guard place >= 0, place <= bytes.count - count else { return nil }
        let found = bytes[place..<place + count].map { Int($0) }
        return (isLittle ? found.reversed() : found).reduce(0) { $0 << 8 | $1 }
    }
}

extension Image {
    /// Whether a picture file says nothing of lying on its side or head, or mirrored.
    public static func isUpright(_ file: Data) -> Bool { ImageOrientation(of: file) == .upright }

    /// The picture turned and mirrored so that it is upright.
    func turned(_ orientation: ImageOrientation) -> Image {
        if orientation == .upright { return self }
        let liesOnSide = orientation.rawValue >= ImageOrientation.transposed.rawValue
        var result = Image(width: liesOnSide ? height : width, height: liesOnSide ? width : height, channels: channels)
        let (right, bottom) = (width - 1, height - 1)
        for y in 0..<result.height {
            for x in 0..<result.width {
                let (column, row) =
                    switch orientation {
                    case .upright: (x, y)
                    case .mirrored: (right - x, y)
                    case .turnedHalf: (right - x, bottom - y)
                    case .flipped: (x, bottom - y)
                    case .transposed: (y, x)
                    case .turnedRight: (y, bottom - x)
                    case .transversed: (right - y, bottom - x)
                    case .turnedLeft: (right - y, x)
                    }
                for channel in 0..<channels { result[x, y, channel] = self[column, row, channel] }
            }
        }
        return result
    }
}
