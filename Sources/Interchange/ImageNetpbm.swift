import Foundation

/// The six Netpbm formats of one picture: bits (PBM), grey (PGM) and RGB (PPM), each in plain text and in binary.
struct NetpbmForm {
    enum Kind { case bits, grey, colours }

    let kind: Kind
    let isPlain: Bool

    /// The form that begins with `P` and this digit, "1" to "6".
    init?(digit: UInt8) {
        guard UInt8(ascii: "1")...UInt8(ascii: "6") ~= digit else { return nil }
        let number = Int(digit - UInt8(ascii: "1"))
        kind = [.bits, .grey, .colours][number % 3]
        isPlain = number < 3
    }

    var channels: Int { kind == .colours ? 3 : 1 }
}

extension Image {
    /// Reads a PBM, PGM or PPM file in memory (P1 to P6), as the manual pages of Netpbm describe them: a bit of 1 is black, samples of any
    /// largest value up to 65535 are scaled to 255 and rounded to the nearest, halves to the even one, as Pillow does.
    ///
    /// Throws where the file is cut off, malformed, has a sample above the largest or more than `largestPixelCount` pixels, or goes on behind its
    /// picture.
    static func decodeNetpbm(_ data: Data, path: String) throws(InterchangeError) -> Image {
        try data.withUnsafeBytes { bytes in
            Result { () throws(InterchangeError) in
                var reader = NetpbmReader(bytes: bytes, path: path)
                return try reader.picture()
            }
        }.get()
    }
}

/// Reads the bytes of a Netpbm file in order.
struct NetpbmReader {
    private let bytes: UnsafeRawBufferPointer
    private let path: String
    private var place = 2

    init(bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
    }

    /// White space, or what begins a comment.
    static func isBreak(_ byte: UInt8) -> Bool { isSpace(byte) || byte == UInt8(ascii: "#") }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0d ~= byte }

    private func failure(_ message: String, at place: Int? = nil, repair: String = "save the picture again") -> InterchangeError {
        InterchangeError(path, .byte(place ?? self.place), message, repair: repair)
    }

    private var cutOff: InterchangeError { failure("the file is cut off", repair: "fetch or save the picture again") }

    mutating func picture() throws(InterchangeError) -> Image {
        guard bytes.count > 2, let form = NetpbmForm(digit: bytes[1]) else { throw cutOff }
        let (width, height) = (try number("the width"), try number("the height"))
        guard width > 0, height > 0 else { throw failure("the picture of \(width) x \(height) has no pixels") }
        try Image.requirePixelCount(width, height, path: path)
        var largest = 1
        if form.kind != .bits {
            largest = try number("the largest value")
            guard 1...65535 ~= largest else { throw failure("the largest value is \(largest), not one from 1 to 65535") }
        }
        let pixels = try form.isPlain ? plain(form, width, height, largest) : binary(form, width, height, largest)
        while place < bytes.count, Self.isBreak(bytes[place]) { skipBreak() }
        guard place == bytes.count else {
            throw failure("the file goes on behind its picture", repair: "write each picture into a file of its own: pamsplit FILE")
        }
        return Image(width: width, height: height, channels: form.channels, pixels: pixels)
    }

    /// Passes over one character of white space, or over a comment and the end of its line.
    private mutating func skipBreak() {
        if bytes[place] == UInt8(ascii: "#") {
            while place < bytes.count, bytes[place] != 0x0a, bytes[place] != 0x0d { place += 1 }
        }
        place = min(place + 1, bytes.count)
    }

    /// A number in digits, the white space and comments before it, and one break behind it, where binary pixels begin.
    private mutating func number(_ what: String) throws(InterchangeError) -> Int {
        while place < bytes.count, Self.isBreak(bytes[place]) { skipBreak() }
        let start = place
        var value = 0
        while place < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[place] {
            value = min(value * 10 + Int(bytes[place] - UInt8(ascii: "0")), 1 << 40)
            place += 1
        }
        if place == bytes.count, place == start { throw cutOff }
        guard place > start else { throw failure("\(what) is no number") }
        guard place < bytes.count else { return value }
        guard Self.isBreak(bytes[place]) else { throw failure("\(what) is no number", at: start) }
        skipBreak()
        return value
    }

    /// Samples in digits; those of bits need no space between them.
    private mutating func plain(_ form: NetpbmForm, _ width: Int, _ height: Int, _ largest: Int) throws(InterchangeError) -> [UInt8] {
        let count = width * height * form.channels
        // A file that says more than it can hold takes no memory.
        guard bytes.count - place >= (form.kind == .bits ? count : 2 * count - 1) else {
            throw failure("the file is cut off", at: bytes.count)
        }
        let values = Self.values(largest)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count)
        for _ in 0..<count {
            guard form.kind == .bits else {
                let start = place
                let sample = try number("a sample")
                guard sample <= largest else { throw failure("the sample \(sample) is above the largest value, \(largest)", at: start) }
                pixels.append(values[sample])
                continue
            }
            while place < bytes.count, Self.isBreak(bytes[place]) { skipBreak() }
            guard place < bytes.count else { throw cutOff }
            switch bytes[place] {
            case UInt8(ascii: "0"): pixels.append(255)
            case UInt8(ascii: "1"): pixels.append(0)
            default: throw failure("a bit is neither 0 nor 1")
            }
            place += 1
        }
        return pixels
    }

    /// Samples of one byte, of two with the higher first where the largest value needs them, or eight bits in a byte, of which each row
    /// begins a new one.
    private mutating func binary(_ form: NetpbmForm, _ width: Int, _ height: Int, _ largest: Int) throws(InterchangeError) -> [UInt8] {
        let count = width * height * form.channels
        let size = form.kind == .bits ? (width + 7) / 8 * height : largest > 255 ? 2 * count : count
        guard bytes.count - place >= size else { throw failure("the file is cut off", at: bytes.count) }
        let raster = UnsafeRawBufferPointer(rebasing: bytes[place..<place + size])
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count)
        if form.kind == .bits {
            let stride = (width + 7) / 8
            for row in 0..<height {
                for column in 0..<width { pixels.append(raster[row * stride + column / 8] >> (7 - column % 8) & 1 == 1 ? 0 : 255) }
            }
        } else {
            let values = Self.values(largest)
            for index in 0..<count {
                let sample = largest > 255 ? Int(raster[2 * index]) << 8 | Int(raster[2 * index + 1]) : Int(raster[index])
                guard sample <= largest else {
                    throw failure(
                        "the sample \(sample) is above the largest value, \(largest)", at: place + (largest > 255 ? 2 : 1) * index)
                }
                pixels.append(values[sample])
            }
        }
        place += size
        return pixels
    }

    /// What each sample becomes in 8 bits.
    private static func values(_ largest: Int) -> [UInt8] {
        (0...largest).map { UInt8((Double($0) / Double(largest) * 255).rounded(.toNearestOrEven)) }
    }
}
