import Foundation
import Interchange
import Testing

@Suite struct ImageTests {
    private static let rgb: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 200, 100, 50, 255, 255, 255]

    @Test(
        arguments: [
            (Reference.pngRGB, 3, rgb), (Reference.pngPalette, 3, rgb), (Reference.pngRGBA, 3, rgb),
            (Reference.pngGrey, 1, [255, 0, 0, 10, 200, 255]), (Reference.pngGrey16, 1, [0, 128, 255, 1, 64, 18]),
            (Reference.pngBits, 1, [0, 255, 0, 255, 0, 255]),
        ] as [(String, Int, [UInt8])])
    func decodesPNG(text: String, channels: Int, pixels: [UInt8]) throws {
        let image = try Image(data: Data(reference: text), path: "reference.png")
        #expect(image == Image(width: 3, height: 2, channels: channels, pixels: pixels))
    }

    @Test(arguments: ReferencePictures.png.indices) func givesTheStoredSamplesOfPNG(index: Int) throws {
        let (what, file, channels, digest) = ReferencePictures.png[index]
        let image = try Image(data: Data(reference: file), path: "reference.png")
        #expect(image.width == 9 && image.height == 6 && image.channels == channels, "\(what)")
        #expect(SHA256.hexadecimal(image.pixels) == digest, "\(what)")
    }

    @Test(arguments: ReferencePictures.inks.indices) func mixesInks(index: Int) throws {
        let (what, file, digest) = ReferencePictures.inks[index]
        let image = try Image(data: Data(reference: file), path: "inks.jpg")
        #expect(image.width == 8 && image.height == 8 && image.channels == 3, "\(what)")
        #expect(SHA256.hexadecimal(image.pixels) == digest, "\(what)")
    }

    @Test func decodesJPEG() throws {
        // The digest of what Pillow decodes.
        let digest = "2d13c52a1e5e6571bec1e4036ea165e22b4798e8da59f99328ff106f7e759fb6"
        for text in [Reference.jpegRGB, Reference.jpegProgressive] {
            let image = try Image(data: Data(reference: text), path: "reference.jpg")
            #expect(image.width == 16 && image.height == 16 && image.channels == 3)
            #expect(SHA256.hexadecimal(image.pixels) == digest)
        }
        let grey = try Image(data: Data(reference: Reference.jpegGrey), path: "grey.jpg")
        #expect(grey.width == 16 && grey.height == 16 && grey.channels == 1)
        for y in 0..<16 { #expect(abs(Int(grey[3, y]) - 16 * y) <= 4) }
    }

    /// What is only doubtful leaves the pixels whole; behind it lost data are still an error.
    @Test func tellsDoubtfulFromDamagedJPEG() throws {
        let whole = Data(reference: Reference.jpegRGB)
        let image = try Image(data: whole, path: "whole.jpg")
        var newer = whole
        let version = try #require(whole.firstRange(of: Data("JFIF".utf8))).upperBound + 1
        newer[version] = 2
        #expect(try Image(data: newer, path: "newer.jpg") == image)
        #expect(try Image(data: whole.dropLast(2) + [0, 0, 0, 0xff, 0xd9], path: "between.jpg") == image)
        checkFailure("Premature end") { _ = try Image(data: newer.dropLast(40), path: "cut.jpg") }
    }

    /// A small file that goes over its picture again and again.
    @Test func limitsScansOfJPEG() throws {
        let bytes = Data(reference: Reference.jpegProgressive)
        let scan = try #require(bytes.firstRange(of: Data([0xff, 0xda, 0, 8, 1, 1]))).lowerBound
        let end = try #require(bytes[(scan + 2)...].firstRange(of: Data([0xff]))).lowerBound
        #expect(bytes[end + 1] == 0xda || bytes[end + 1] == 0xc4)
        // All coefficients with all bits: such a scan may come again.
        var again = bytes[scan..<end]
        again.replaceSubrange(scan + 7..<scan + 10, with: [1, 63, 0])
        func file(_ count: Int) -> Data { bytes[..<scan] + (0..<count).flatMap { _ in again } + [0xff, 0xd9] }
        checkFailure("(more than 200 scans of 16 x 16 pixels)") { _ = try Image(data: file(201), path: "scans.jpg") }
        do { _ = try Image(data: file(150), path: "scans.jpg") } catch { #expect(!error.message.contains("more than")) }
    }

    @Test func refusesWhatItCannotDecode() throws {
        let jpeg = Data(reference: Reference.jpegRGB)
        checkFailure("Premature end") { _ = try Image(data: jpeg.prefix(jpeg.count - 40), path: "cut.jpg") }
        let png = Data(reference: Reference.pngRGB)
        checkFailure("(the file is cut off)") { _ = try Image(data: png.prefix(60), path: "cut.png") }
        checkFailure("(the file is cut off)") { _ = try Image(data: png.dropLast(12), path: "endless.png") }
        var damaged = png
        damaged[damaged.count - 14] ^= 1
        checkFailure("(IDAT: CRC error)") { _ = try Image(data: damaged, path: "damaged.png") }
        checkFailure("this is no picture in one of the formats PNG, JPEG, WebP or PNM; convert it to one of them") {
            _ = try Image(data: Data("GIF89a".utf8), path: "x.gif")
        }
        checkFailure("this is no picture in one of the formats PNG, JPEG, WebP or PNM; convert it to one of them") {
            _ = try Image(data: Data(), path: "empty")
        }
    }

    @Test func refusesEnormousPictures() throws {
        // A valid header for 30000 x 30000 pixels: the size is refused before any pixel is unpacked.
        var bytes = [UInt8](Data(reference: Reference.pngGrey))
        bytes.replaceSubrange(16..<24, with: [0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30])
        bytes.replaceSubrange(29..<33, with: checksum(bytes[12..<29]))
        checkFailure("bomb.png: the picture has 30000 x 30000 pixels, more than the 67108864 allowed") {
            _ = try Image(data: Data(bytes), path: "bomb.png")
        }
        // One row of 2^21 pixels would be held twice, with up to 8 bytes a pixel, before one is unpacked.
        bytes.replaceSubrange(16..<24, with: [0, 0x20, 0, 0, 0, 0, 0, 1])
        bytes.replaceSubrange(29..<33, with: checksum(bytes[12..<29]))
        checkFailure("long.png: the picture has 2097152 x 1 pixels, more than the 1048576 allowed on one side; cut it into pieces first") {
            _ = try Image(data: Data(bytes), path: "long.png")
        }
        var jpeg = [UInt8](Data(reference: Reference.jpegGrey))
        let frame = try #require(jpeg.indices.dropLast().first { jpeg[$0] == 0xff && jpeg[$0 + 1] == 0xc0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0xdc, 0xff, 0xdc])
        checkFailure("65500 x 65500 pixels, more than") { _ = try Image(data: Data(jpeg), path: "bomb.jpg") }
    }

    /// The CRC-32 of PNG chunks.
    private func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
        }
        return withUnsafeBytes(of: (~sum).bigEndian) { [UInt8]($0) }
    }

    @Test func writesPNG() throws {
        var random = TestGenerator(state: 1)
        for (width, height, channels) in [(1, 1, 1), (3, 2, 3), (300, 200, 3), (517, 33, 1)] {
            let pixels = (0..<width * height * channels).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let image = Image(width: width, height: height, channels: channels, pixels: pixels)
            #expect(try Image(data: Data(image.encodedPNG()), path: "") == image)
        }
    }

    /// Pixels of large pictures are moved from the decoder a piece at a time.
    @Test func readsLargePictures() throws {
        let (width, height) = (4200, 4001)
        let pixels = (0..<width * height).map { UInt8(truncatingIfNeeded: $0 >> 16 ^ $0 / width) }
        let image = Image(width: width, height: height, channels: 1, pixels: pixels)
        #expect(try Image(data: Data(image.encodedPNG()), path: "").pixels == pixels)
    }

    @Test func convertsToGreyAndBack() throws {
        let image = Image(width: 3, height: 2, channels: 3, pixels: Self.rgb)
        #expect(image.grey().pixels == [76, 150, 29, 18, 124, 255])
        #expect(image.grey().rgb().grey() == image.grey())
        #expect(image.planes() == [255, 0, 0, 10, 200, 255, 0, 255, 0, 20, 100, 255, 0, 0, 255, 30, 50, 255].map { Float($0) / 255 })
    }

    @Test(arguments: [
        (4, 3, "8a506cc97d21e1be741bf7ea24ae91f519b8a979abd8f3bc1fe959619271a191"),
        (13, 9, "0c86ec827779f6ca84b860bcb36dbedaeba8018667cdba3a27e87d45b7227685"),
        (7, 2, "e439bc3a4023624bc7e9a756d94215beb665ae7064ac4eaa4b04814b78a8f978"),
        (3, 5, "34c914413bdbe27769eb6fb63642755c891ec251ddd2088546c6f9742b19a132"),
        (1, 1, "03e8dfa27a8aa103df0850f1fd2d6810c939ee7042b88cae13057771e86d6c6d"),
    ])
    func resizesAsPillow(width: Int, height: Int, digest: String) {
        #expect(SHA256.hexadecimal(Self.noise.resized(width: width, height: height).pixels) == digest)
    }

    /// 7 x 5 values of NumPy's `default_rng(1).integers(0, 256, (5, 7, 3))`.
    private static let noise = Image(
        width: 7, height: 5, channels: 3,
        pixels: [
            255, 228, 34, 121, 243, 189, 6, 131, 102, 168, 82, 193, 187, 150, 81, 243, 205, 24, 236, 8, 246,
            164, 231, 36, 210, 111, 172, 210, 174, 176, 218, 242, 169, 114, 205, 63, 160, 47, 212, 79, 72, 112,
            120, 222, 69, 31, 95, 108, 36, 109, 238, 69, 51, 81, 228, 211, 202, 58, 202, 65, 76, 70, 193,
            104, 42, 250, 209, 164, 2, 44, 178, 140, 98, 2, 243, 21, 50, 29, 14, 7, 53, 50, 151, 221,
            46, 60, 230, 192, 164, 156, 127, 214, 154, 194, 195, 137, 72, 153, 74, 209, 58, 76, 105, 84, 10,
        ])

    @Test func pastesWhatLiesInside() {
        var sheet = Image(width: 4, height: 2, channels: 3)
        sheet.paste(Image(width: 2, height: 2, channels: 1, filledWith: 9), x: 3, y: -1)
        #expect(sheet.pixels.indices.filter { sheet.pixels[$0] == 9 } == [9, 10, 11])
    }

    @Test func survivesDamage() {
        let pngs = [Reference.pngRGB, Reference.pngPalette, Reference.pngGrey16] + ReferencePictures.png.map(\.file)
        let jpegs = [Reference.jpegRGB, Reference.jpegProgressive, Reference.jpegGrey, ReferencePictures.inks[0].file]
        for text in pngs + jpegs {
            let refused = checkSurvivesDamage(Data(reference: text), changes: 400) { _ = try Image(data: $0, path: "damaged") }
            #expect(refused > 60)
        }
    }

    @Test(
        .enabled(if: SharedData.isPresent, SharedData.whyNot),
        arguments: [
            ("chelsea.png", "416b729128bfb2c3d1eb69bf9b1734a7", "50613caf03f358d4587f08ef1f262d08"),
            ("coffee.png", "0ce2b51640b9c95f19617f03eabf40c3", "e3ce50caeaf98d80f2a934d4dac8454d"),
            ("rocket.jpg", "3d4435cc745752b7f9724df88c6e1881", "ebe7a3ea581448df4030440a245754eb"),
            ("hubble_deep_field.jpg", "9a3ea9548188f81e63435188456e74de", "1d9c37584a79cd16aa91498b8491993e"),
            ("camera.png", "5cb24482a53416f99052258be2b1ee38", "50a835520899c4051d4bb5fd9d854542"),
        ])
    func readsSamplesAsPillow(name: String, digest: String, resizedDigest: String) throws {
        let image = try Image(path: "\(SharedData.path)/samples/\(name)")
        #expect(SHA256.hexadecimal(image.pixels).hasPrefix(digest))
        #expect(SHA256.hexadecimal(image.resized(width: 64, height: 48).pixels).hasPrefix(resizedDigest))
    }

    @Test(.enabled(if: SharedData.isPresent, SharedData.whyNot)) func refusesATruncatedSample() {
        checkFailure("truncated.jpg: the JPEG data cannot be decoded (Premature end of JPEG file)") {
            _ = try Image(path: "\(SharedData.path)/samples/truncated.jpg")
        }
    }
}
