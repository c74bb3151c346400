import Foundation
import Graph
import Interchange
import Testing

@Suite struct ImageFitTests {
    /// A picture without two equal neighbourhoods.
    private static func picture(_ width: Int, _ height: Int, _ channels: Int) -> Image {
        Image(
            width: width, height: height, channels: channels,
            pixels: (0..<height * width * channels).map { index in
                let (x, y, channel) = (index / channels % width, index / channels / width, index % channels)
                return UInt8(truncatingIfNeeded: x * 7 + y * 13 + channel * 29 + x * y * 3)
            })
    }

    private typealias Size = PicturePreparation.Size

    /// A picture's width, height and channels; what it is resized to; the crop's height and width; the interpolation; and the first half of
    /// the SHA-256 of what torchvision 0.29 with Pillow 12 makes of it: `Compose([Resize(size, interpolation), CenterCrop(crop)])`, without `Resize` for nil.
    private static let cases: [(Int, Int, Int, Size?, Int, Int, PicturePreparation.Interpolation, String)] = [
        (140, 217, 3, .shorterSide(36), 32, 32, .nearest, "02494940c10bd70dd7eab31fd0191e74"),
        (140, 217, 3, .shorterSide(36), 32, 32, .bilinear, "17e9028f51b04af274f3e179533cacfd"),
        (140, 217, 3, .shorterSide(36), 32, 32, .bicubic, "d33e708171934e66820d9a7294ab0f9b"),
        (140, 217, 3, .shorterSide(32), 32, 32, .nearest, "16ce5715f556dce93b0512cebc1b322b"),
        (140, 217, 3, .shorterSide(32), 32, 32, .bilinear, "4eb7e797d058bcf91ead6f9dca2712f8"),
        (140, 217, 3, .shorterSide(32), 32, 32, .bicubic, "f389430327244bb4d9120435437ee67e"),
        (140, 217, 3, .exact(.init(height: 40, width: 33)), 32, 32, .nearest, "85ec933810d325353a658569b19eefc2"),
        (140, 217, 3, .exact(.init(height: 40, width: 33)), 32, 32, .bilinear, "e1d23f2d553b9004ed0024a18f7feb8b"),
        (140, 217, 3, .exact(.init(height: 40, width: 33)), 32, 32, .bicubic, "819c1ee6d75c2f85ffce11730417849a"),
        (140, 217, 3, .exact(.init(height: 20, width: 50)), 20, 31, .nearest, "e6d7c6098e0cac5ef90664fab9e514c5"),
        (140, 217, 3, nil, 32, 32, .bilinear, "86e7fdfa45449532c8fe69d6b275e87b"),
        (140, 217, 3, .shorterSide(50), 31, 48, .bicubic, "5c230d391aac821d171efec198c98fde"),
        (217, 140, 3, .shorterSide(36), 32, 32, .nearest, "fc51f04511fcbc74e3df7345794c53c6"),
        (217, 140, 3, .shorterSide(36), 32, 32, .bilinear, "0e61b230db54a1fde8b4fb00a30d40b1"),
        (217, 140, 3, .shorterSide(36), 32, 32, .bicubic, "1f91e029c65e71355d22bd1092d22640"),
        (217, 140, 3, .shorterSide(32), 32, 32, .nearest, "ac02a3cfce3dbf2b409af676a89f85f4"),
        (217, 140, 3, .shorterSide(32), 32, 32, .bilinear, "8f4ec5b17db2270d864799248c28e10d"),
        (217, 140, 3, .shorterSide(32), 32, 32, .bicubic, "db0fbd678a2b90d7119e8aba67cb20bc"),
        (217, 140, 3, .exact(.init(height: 40, width: 33)), 32, 32, .nearest, "f22503e438c8ce9cab243cc801dd8fd4"),
        (217, 140, 3, .exact(.init(height: 40, width: 33)), 32, 32, .bilinear, "3f0af52c4cc77b12672c31b4ad0c02e2"),
        (217, 140, 3, .exact(.init(height: 40, width: 33)), 32, 32, .bicubic, "dfa29831063cd9fea76b1d6abc99ba05"),
        (217, 140, 3, .exact(.init(height: 20, width: 50)), 20, 31, .bilinear, "e1f374875f427797ec94e2f1e625723f"),
        (217, 140, 3, nil, 32, 32, .bicubic, "8e52eee487f1d6b62dc39348e6eea17f"),
        (217, 140, 3, .shorterSide(50), 31, 48, .nearest, "707426a0e4e90226aa95e1c71a4e39a0"),
        (61, 40, 1, .shorterSide(36), 32, 32, .nearest, "beeadb8689b34a7d5c2850e09265b677"),
        (61, 40, 1, .shorterSide(36), 32, 32, .bicubic, "b7625a12afcce4b1cea297625264fbde"),
        (61, 40, 1, .shorterSide(32), 32, 32, .bilinear, "169bb02c07d97d5427f2c54c908920f4"),
        (61, 40, 1, .exact(.init(height: 40, width: 33)), 32, 32, .nearest, "d476635510d7ffa94b9b70ad19d252c7"),
        (61, 40, 1, .exact(.init(height: 40, width: 33)), 32, 32, .bicubic, "cb0a13d5f94e54ee0fadb4a70bc58111"),
        (61, 40, 1, .exact(.init(height: 20, width: 50)), 20, 31, .bicubic, "4f8051d5892bc0331849d9d9d287efd6"),
        (61, 40, 1, nil, 32, 32, .nearest, "8b6147f15ca4fbf7bedce5b172fd8395"),
        (61, 40, 1, .shorterSide(50), 31, 48, .bilinear, "5d31ada00336b47c29ecb312f82fa457"),
        (20, 9, 3, .shorterSide(36), 32, 32, .bilinear, "3dd2ac77e1e777f41c0bbaa9ff0f26a6"),
        (20, 9, 3, .shorterSide(32), 32, 32, .nearest, "bde597e6067f57902381bfef85089aec"),
        (20, 9, 3, .shorterSide(32), 32, 32, .bicubic, "6ce5707f129c9602cd5ff94cb8fb2fc1"),
        (20, 9, 3, .exact(.init(height: 40, width: 33)), 32, 32, .bilinear, "30245946c835fc26fe7752b40133a961"),
        (20, 9, 3, .exact(.init(height: 20, width: 50)), 20, 31, .nearest, "64552715f69918de872cee0c67fcb489"),
        (20, 9, 3, nil, 32, 32, .bilinear, "7ce6aceb742bf027bf88c4e9d60d0c2b"),
        (20, 9, 3, .shorterSide(50), 31, 48, .bicubic, "56c752519c1d7a97853517fbd8457828"),
        (64, 64, 1, .shorterSide(36), 32, 32, .nearest, "77be03404307d6e3ee75af14d0b08bfe"),
        (64, 64, 1, .shorterSide(36), 32, 32, .bicubic, "e1002e8986bf8fefa81ee891e79e328c"),
        (64, 64, 1, .shorterSide(32), 32, 32, .bilinear, "84d8d431ac03c9bf880ae7a7bcf1e8ab"),
        (64, 64, 1, .exact(.init(height: 40, width: 33)), 32, 32, .nearest, "acab2e263c6011aaa5bc7b2de77bc10b"),
        (64, 64, 1, .exact(.init(height: 40, width: 33)), 32, 32, .bicubic, "69172915f6f9c9e37fb6102b54f37978"),
        (64, 64, 1, .exact(.init(height: 20, width: 50)), 20, 31, .bilinear, "24a79ae0f1b2d99225cfbef85dc1bd14"),
        (64, 64, 1, nil, 32, 32, .bicubic, "3cabf705bcc7639b431413634550cf28"),
        (64, 64, 1, .shorterSide(50), 31, 48, .nearest, "2712912edff2bb4678078bd7753bc5d4"),
    ]

    @Test(arguments: cases.indices) func fitsAsTorchvision(index: Int) {
        let (width, height, channels, size, rows, columns, interpolation, digest) = Self.cases[index]
        let preparation = PicturePreparation(
            resize: size, crop: .init(height: rows, width: columns), interpolation: interpolation)
        let image = Self.picture(width, height, channels).prepared(preparation, channels: channels, height: rows, width: columns)
        #expect(image.width == columns && image.height == rows)
        #expect(SHA256.hexadecimal(image.pixels).hasPrefix(digest), "\(Self.cases[index])")
    }

    /// Where nothing is declared, a square input gets what `Resize(side)` and `CenterCrop(side)` give.
    @Test func coversTheInputWhereNothingIsDeclared() {
        for (width, height) in [(140, 217), (217, 140), (64, 64), (20, 9), (1, 40)] {
            let image = Self.picture(width, height, 3)
            let fitted = image.prepared(channels: 3, height: 32, width: 32)
            let preparation = PicturePreparation(resize: .shorterSide(32), crop: .init(height: 32, width: 32))
            #expect(fitted == image.prepared(preparation, channels: 3, height: 32, width: 32))
        }
        // 5 x 4 pixels to 2 x 4: resized to no other size, then the columns in the middle.
        let image = Image(width: 5, height: 4, channels: 1, pixels: (0..<20).map { $0 })
        #expect(image.prepared(channels: 1, height: 4, width: 2).pixels == [2, 3, 7, 8, 12, 13, 17, 18])
        // 4 x 5 pixels to 2 x 3: the rows decide, and 4 * 3 / 5 columns are cut off to 2.
        let lower = Self.picture(4, 5, 1)
        #expect(lower.prepared(channels: 1, height: 3, width: 2) == lower.resized(width: 2, height: 3))
    }

    @Test func cropsTheMiddle() {
        let image = Image(width: 5, height: 4, channels: 1, pixels: (0..<20).map { $0 })
        func crop(_ height: Int, _ width: Int) -> [UInt8] {
            image.prepared(PicturePreparation(crop: .init(height: height, width: width)), channels: 1, height: height, width: width).pixels
        }
        #expect(crop(2, 2) == [7, 8, 12, 13])
        #expect(crop(1, 5) == [10, 11, 12, 13, 14])
        // A border where the picture is smaller, its odd pixel at the end.
        #expect(crop(1, 8) == [0, 10, 11, 12, 13, 14, 0, 0])
    }

    /// A narrow picture that is resized becomes longer than what memory holds; only the middle is ever made.
    @Test func fitsPicturesOfOnePixelsWidth() {
        for interpolation in PicturePreparation.Interpolation.allCases {
            let image = Image(
                width: 1, height: 200_000, channels: 1, pixels: (0..<200_000).map { UInt8($0 / 20_000) })
            let preparation = PicturePreparation(
                resize: .shorterSide(4_096), interpolation: interpolation)
            let fitted = image.prepared(preparation, channels: 3, height: 2, width: 4_096)
            #expect(fitted.width == 4_096 && fitted.pixels.allSatisfy { $0 == 4 || $0 == 5 })
            let lying = Image(width: 200_000, height: 1, channels: 1, pixels: image.pixels)
            #expect(lying.prepared(channels: 1, height: 224, width: 224).pixels.allSatisfy { $0 == 4 || $0 == 5 })
        }
    }
}
