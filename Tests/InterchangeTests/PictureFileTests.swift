import Foundation
import Interchange
import Testing

/// Picture files of all formats beside what Pillow makes of them, and what is refused.
@Suite struct PictureFileTests {
    /// A file of `Cases/picture_files.json`, which `picture_files.py` beside it writes.
    private struct PictureFile: Decodable {
        var what: String
        var file: Data
        var (width, height, channels): (Int, Int, Int)
        /// The SHA-256 of the pixels.
        var pixels: String
        /// Whether they are those of the picture turned upright.
        var turned: Bool

        private enum CodingKeys: CodingKey { case what, file, width, height, channels, pixels, turned }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            what = try values.decode(String.self, forKey: .what)
            file = try values.decode(Data.self, forKey: .file)
            width = try values.decode(Int.self, forKey: .width)
            height = try values.decode(Int.self, forKey: .height)
            channels = try values.decode(Int.self, forKey: .channels)
            pixels = try values.decode(String.self, forKey: .pixels)
            turned = try values.decode(Bool.self, forKey: .turned)
        }

        static func read() throws -> [PictureFile] {
            let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Cases/picture_files.json")
            return try JSONDecoder().decode([PictureFile].self, from: Data(contentsOf: path))
        }

        static func named(_ what: String) throws -> Data { try #require(try read().first { $0.what == what }).file }
    }

    @Test func readsAllAsPillow() throws {
        let files = try PictureFile.read()
        #expect(files.count > 200)
        for expected in files {
            let image = try Image(data: expected.file, path: expected.what, isTurned: expected.turned)
            #expect(
                image.width == expected.width && image.height == expected.height && image.channels == expected.channels,
                "\(expected.what): \(image.width) x \(image.height) x \(image.channels)")
            #expect(SHA256.hexadecimal(image.pixels) == expected.pixels, "\(expected.what)")
        }
    }

    @Test func survivesDamage() throws {
        let names = [
            "WebP, lossless, 17 x 13", "WebP, lossy, with alpha, 17 x 13", "WEBP, orientation 6", "JPEG, YCCK, progressive, 17 x 13",
        ]
        for name in names {
            let refused = checkSurvivesDamage(try PictureFile.named(name), changes: 400) {
                _ = try Image(data: $0, path: "damaged", isTurned: true)
            }
            #expect(refused > 60)
        }
        for name in ["PGM, binary, to 100", "PPM, plain, to 1023", "PBM, plain, spaces and comments", "PBM, binary, 17 x 13"] {
            checkSurvivesDamage(try PictureFile.named(name)) { _ = try Image(data: $0, path: "damaged") }
        }
    }

    @Test func refusesDamagedWebP() throws {
        let lossy = try PictureFile.named("WebP, lossy, 17 x 13")
        for length in [12, 20, 29, 40, lossy.count - 1] {
            checkFailure("cut.webp: the WebP data cannot be decoded (the file is cut off); fetch or save the picture again") {
                _ = try Image(data: lossy.prefix(length), path: "cut.webp")
            }
        }
        // A header of a canvas for animations: VP8X, the flag, no pixels.
        let header: [UInt8] = [0x0a, 0, 0, 0, 0x02, 0, 0, 0, 3, 0, 0, 3, 0, 0]
        let frames: [UInt8] = Array("ANIM".utf8) + [6, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let body = Array("WEBPVP8X".utf8) + header + frames
        let animation = Data(Array("RIFF".utf8) + [UInt8(body.count), 0, 0, 0] + body)
        checkFailure("moves.webp: the WebP file is an animation; save one of its frames") {
            _ = try Image(data: animation, path: "moves.webp")
        }
        // The extents of a lossless picture stand in the first bits behind its signature: 16384 x 16384.
        var large = try PictureFile.named("WebP, lossless, 17 x 13")
        large.replaceSubrange(21..<25, with: [0xff, 0xff, 0xff, 0x0f])
        checkFailure("16384 x 16384 pixels, more than the 67108864 allowed") { _ = try Image(data: large, path: "large.webp") }
    }

    /// A file, and what is said of it.
    @Test(arguments: [
        ("P", "this is no picture"), ("P2x", "this is no picture"), ("P2\n", "the file is cut off"), ("P5 2 2", "the file is cut off"),
        ("P5 2 0 255 ", "byte 7: the picture of 2 x 0 has no pixels"), ("P5 x 2 255 ", "byte 3: the width is no number"),
        ("P5 2 2x 255 ", "byte 5: the height is no number"), ("P5 2 2 0 ", "the largest value is 0, not one from 1 to 65535"),
        ("P5 2 2 65536 ", "the largest value is 65536"), ("P5 2 2 255 abc", "byte 14: the file is cut off"),
        ("P5 2 1 255 abc", "byte 13: the file goes on behind its picture; write each picture into a file of its own"),
        ("P5 2 1 255 ab\n", ""), ("P4 9 1 \u{1}", "the file is cut off"),
        ("P5 2 1 65 Ab", "byte 11: the sample 98 is above the largest value, 65"),
        ("P2 2 1 5 3 6", "byte 11: the sample 6 is above the largest value, 5"), ("P2 2 1 5 3 -6", "byte 11: a sample is no number"),
        ("P1 2 2 0102", "byte 10: a bit is neither 0 nor 1"), ("P2 2 1 5 3", "the file is cut off"),
        ("P1 2 2 0 1 #\n", "the file is cut off"),
        ("P3 100000 100000 255 1 2 3", "100000 x 100000 pixels, more than the 67108864 allowed"),
        ("P3 8000 8000 255 1 2 3", "the file is cut off"),
        ("P4 1 2000000 ", "1 x 2000000 pixels, more than the 1048576 allowed on one side"),
        ("P3 99999999999999999999999 1 255 1 2 3", "pixels, more than"),
    ]) func refusesMalformedPNM(text: String, message: String) throws {
        let data = Data(text.utf8)
        if message.isEmpty { _ = try Image(data: data, path: "x.pnm"); return }
        checkFailure(message) { _ = try Image(data: data, path: "x.pnm") }
    }

    @Test func namesFormats() {
        #expect(ImageFormat.names == "PNG, JPEG, WebP or PNM")
        #expect(ImageFormat.endingNames == ".png, .jpg, .jpeg, .webp, .ppm, .pgm, .pbm or .pnm")
    }
}
