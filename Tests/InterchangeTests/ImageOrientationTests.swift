import Foundation
import Interchange
import Testing

@Suite struct ImageOrientationTests {
    private static let picture = Image(width: 3, height: 2, channels: 1, pixels: [0, 1, 2, 3, 4, 5])

    /// The directory of a TIFF file with an orientation behind another tag.
    private func tiff(_ orientation: UInt8, isLittle: Bool, type: UInt8 = 3) -> [UInt8] {
        func order(_ bytes: [UInt8]) -> [UInt8] { isLittle ? bytes.reversed() : bytes }
        let other = order([0x01, 0x00]) + order([0, 4]) + order([0, 0, 0, 1]) + [9, 9, 9, 9]
        let value = type == 1 ? [orientation, 0, 0, 0] : type == 3 ? order([0, orientation]) + [0, 0] : order([0, 0, 0, orientation])
        let tag = order([0x01, 0x12]) + order([0, type]) + order([0, 0, 0, 1]) + value
        return (isLittle ? [0x49, 0x49, 42, 0] : [0x4d, 0x4d, 0, 42]) + order([0, 0, 0, 8]) + order([0, 2]) + other + tag + [0, 0, 0, 0]
    }

    /// The picture as a PNG file that says how it lies; checksums of what does not make pixels are not looked at.
    private func png(_ content: [UInt8]) -> Data {
        var bytes = Self.picture.encodedPNG()
        bytes.insert(contentsOf: [0, 0, 0, UInt8(content.count)] + Array("eXIf".utf8) + content + [0, 0, 0, 0], at: 33)
        return Data(bytes)
    }

    private func jpeg(_ content: [UInt8]) -> Data {
        let segment = Array("Exif\0\0".utf8) + content
        return Data([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xe1, 0, UInt8(segment.count + 2)] + segment)
            + Data(reference: Reference.jpegGrey).dropFirst(2)
    }

    /// What Pillow's `ImageOps.exif_transpose` gives.
    @Test(
        arguments: [
            (1, 3, [0, 1, 2, 3, 4, 5]), (2, 3, [2, 1, 0, 5, 4, 3]), (3, 3, [5, 4, 3, 2, 1, 0]), (4, 3, [3, 4, 5, 0, 1, 2]),
            (5, 2, [0, 3, 1, 4, 2, 5]), (6, 2, [3, 0, 4, 1, 5, 2]), (7, 2, [5, 2, 4, 1, 3, 0]), (8, 2, [2, 5, 1, 4, 0, 3]),
            (0, 3, [0, 1, 2, 3, 4, 5]), (9, 3, [0, 1, 2, 3, 4, 5]),
        ] as [(UInt8, Int, [UInt8])])
    func turnsAsPillow(orientation: UInt8, width: Int, pixels: [UInt8]) throws {
        for isLittle in [true, false] {
            for type in [1, 3, 4] as [UInt8] {
                let file = png(tiff(orientation, isLittle: isLittle, type: type))
                let turned = try Image(data: file, path: "lying.png", isTurned: true)
                #expect(turned == Image(width: width, height: 6 / width, channels: 1, pixels: pixels))
                #expect(try Image(data: file, path: "lying.png") == Self.picture)
            }
        }
    }

    @Test func turnsJPEG() throws {
        let upright = try Image(data: Data(reference: Reference.jpegGrey), path: "upright.jpg")
        for isLittle in [true, false] {
            let file = jpeg(tiff(6, isLittle: isLittle))
            #expect(try Image(data: file, path: "lying.jpg") == upright)
            let turned = try Image(data: file, path: "lying.jpg", isTurned: true)
            for place in 0..<16 { #expect(turned[15 - place, 3] == upright[3, place]) }
        }
    }

    @Test func survivesDamage() throws {
        for content in [tiff(6, isLittle: true), tiff(8, isLittle: false)] {
            for length in 0..<content.count { _ = try Image(data: png(Array(content[..<length])), path: "cut.png", isTurned: true) }
            checkSurvivesDamage(png(content)) { _ = try Image(data: $0, path: "damaged.png", isTurned: true) }
            checkSurvivesDamage(jpeg(content)) { _ = try Image(data: $0, path: "damaged.jpg", isTurned: true) }
        }
    }
}
