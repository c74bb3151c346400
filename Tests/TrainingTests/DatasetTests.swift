import Foundation
import Graph
import Interchange
import Testing
import Training

@Suite struct DatasetTests {
    private let folder = DatasetTestFolder()

    @Test(arguments: [
        ("mnist:/a/b", DatasetSpecification.mnist(folder: "/a/b")), ("mnist:a:b", .mnist(folder: "a:b")),
        ("folder:photos", .folder("photos")), ("builtin:digits", .digits),
    ])
    func parses(text: String, specification: DatasetSpecification) throws {
        #expect(try DatasetSpecification(parsing: text) == specification)
        #expect(specification.description == text)
    }

    @Test(arguments: [
        ("mnist", "mnist: this names no data set; write mnist:DIR"), ("mnist:", "the folder is missing; write mnist:DIR"),
        ("builtin:letters", "there is no built-in data set \"letters\"; write builtin:digits"),
        ("minst:x", "\"minst\" is no kind of data set"), ("/tmp", "write folder:/tmp"), ("", "this names no data set"),
    ])
    func refuses(text: String, message: String) {
        checkDatasetFailure(message) { _ = try DatasetSpecification(parsing: text) }
    }

    private func writeMNIST(images: [Int], labels: [UInt8]) throws {
        let pixels = (0..<images.reduce(1, *)).map { UInt8(truncatingIfNeeded: $0) }
        try folder.write(IDX.encode(HostTensor(element: .u8, shape: images, bytes: pixels)), to: "t10k-images-idx3-ubyte")
        let labels = try IDX.encode(HostTensor(element: .u8, shape: [labels.count], bytes: labels))
        try folder.write(Gzip.compress(labels), to: "t10k-labels-idx1-ubyte.gz")
    }

    @Test func readsMNISTFiles() throws {
        try writeMNIST(images: [3, 4, 5], labels: [7, 0, 9])
        let specification = try DatasetSpecification(parsing: "mnist:\(folder.path)")
        let dataset = try specification.open(.heldOut)
        #expect(dataset.count == 3 && dataset.labels == [7, 0, 9] && !dataset.isSynthetic)
        #expect(dataset.extents == ImageExtents(channels: 1, height: 4, width: 5))
        #expect(dataset.image(1)[4, 3] == 39)
        #expect(dataset.prefix(2).labels == [7, 0])
        checkDatasetFailure("braid data fetch mnist --to \(folder.path)") { _ = try specification.open(.training) }
        checkDatasetFailure("declare the input as f32[N, 1, 4, 5]") {
            _ = try specification.open(.heldOut, extents: ImageExtents(channels: 3, height: 4, width: 5))
        }
        #expect(dataset.classNames == (0...9).map(String.init))
        try writeMNIST(images: [3, 4, 5], labels: [7, 0])
        checkDatasetFailure("but there are 3 pictures") { _ = try specification.open(.heldOut) }
        try writeMNIST(images: [3, 4], labels: [7, 0, 1])
        checkDatasetFailure("not pictures [N, rows, columns]") { _ = try specification.open(.heldOut) }
    }

    /// Labels that are not as many as the pictures are refused by the header, before they are unpacked.
    @Test func comparesCountsOfHeaders() throws {
        try writeMNIST(images: [2, 4, 5], labels: [7, 0])
        let beginning: [UInt8] = [0, 0, 8, 1, 0x10, 0, 0, 0]
        try folder.write(Gzip.compress(beginning + [UInt8](repeating: 0, count: 1 << 20)), to: "t10k-labels-idx1-ubyte.gz")
        checkDatasetFailure("the file is too short for u8 [268435456]") {
            _ = try DatasetSpecification(parsing: "mnist:\(folder.path)").open(.heldOut)
        }
        let header = try IDX.header("\(folder.path)/t10k-images-idx3-ubyte")
        #expect(header.element == .u8 && header.shape == [2, 4, 5])
        let wrong = try IDX.encode(HostTensor(element: .u8, shape: [1 << 20], bytes: [UInt8](repeating: 255, count: 1 << 20)))
        try folder.write(Gzip.compress(wrong), to: "t10k-labels-idx1-ubyte.gz")
        #expect(try IDX.header("\(folder.path)/t10k-labels-idx1-ubyte.gz").shape == [1 << 20])
        checkDatasetFailure("the file holds 1048576 labels, but there are 2 pictures") {
            _ = try DatasetSpecification(parsing: "mnist:\(folder.path)").open(.heldOut)
        }
    }

    private func writeIDX(_ prefix: String, images: Int, labels: HostTensor) throws {
        let pixels = [UInt8](repeating: 7, count: images * 6)
        try folder.write(IDX.encode(HostTensor(element: .u8, shape: [images, 2, 3], bytes: pixels)), to: "\(prefix)-images-idx3-ubyte")
        try folder.write(IDX.encode(labels), to: "\(prefix)-labels-idx1-ubyte")
    }

    /// As EMNIST has them: as many classes as the labels of both parts, from 0 on, though "letters" begins with 1.
    @Test func readsAnyNumberOfClasses() throws {
        let letters = HostTensor(element: .u8, shape: [26], bytes: (1...26).map { $0 })
        try writeIDX("emnist-letters-train", images: 26, labels: letters)
        try writeIDX("emnist-letters-test", images: 2, labels: HostTensor(shape: [2], int32s: [1, 300]))
        let specification = try DatasetSpecification(parsing: "mnist:\(folder.path)")
        for part in [Dataset.Part.training, .heldOut] {
            #expect(try specification.open(part).classNames == (0...300).map(String.init))
        }
        #expect(try specification.open(.training).labels == Array(1...26))
        checkDatasetFailure("write mnist:") { _ = try DatasetSpecification(parsing: folder.path) }
        // Two data sets in one folder could be mixed up; plain names count before all.
        try writeIDX("emnist-digits-train", images: 26, labels: letters)
        checkDatasetFailure("several data sets in the folder: emnist-digits, emnist-letters; give each a folder of its own") {
            _ = try specification.open(.training)
        }
        try writeIDX("train", images: 1, labels: HostTensor(element: .u8, shape: [1], bytes: [0]))
        #expect(try specification.open(.training).count == 1)
    }

    @Test func refusesImpossibleLabels() throws {
        let specification = try DatasetSpecification(parsing: "mnist:\(folder.path)")
        for (labels, message) in [
            (HostTensor(shape: [2], int32s: [0, -1]), "label 1: -1 is not a class from 0 to 65535; number the classes from 0"),
            (HostTensor(shape: [2], int32s: [.max, 1]), "label 0: 2147483647 is not a class"),
            (HostTensor(shape: [2], floats: [0, 1]), "the file holds f32 [2], not labels [N]"),
            (HostTensor(shape: [2, 1], int32s: [0, 1]), "the file holds i32 [2, 1], not labels [N]"),
        ] {
            try writeIDX("train", images: 2, labels: labels)
            checkDatasetFailure(message) { _ = try specification.open(.training) }
        }
    }

    @Test func readsAFolderOfPhotos() throws {
        for (name, value) in [("train/b/1.png", 10), ("train/a/2.PNG", 20), ("train/a/10.png", 30), ("val/b/x.png", 40)]
            as [(String, UInt8)]
        {
            try folder.write(Image(width: 6, height: 4, channels: 3, filledWith: value).encodedPNG(), to: name)
        }
        try folder.write(Data("notes".utf8), to: "train/a/notes.txt")
        try folder.write(Data("hidden".utf8), to: "train/a/.hidden.png")
        let specification = DatasetSpecification.folder(folder.path)
        let training = try specification.open(.training)
        #expect(training.classNames == ["a", "b"] && training.labels == [0, 0, 1])
        #expect(training.extents == ImageExtents(channels: 3, height: 4, width: 6))
        #expect((0..<3).map { training.image($0)[5, 3, 2] } == [30, 20, 10])
        let heldOut = try specification.open(.heldOut, extents: ImageExtents(channels: 1, height: 2, width: 2))
        #expect(heldOut.labels == [1] && heldOut.pixels == [40, 40, 40, 40])

        checkDatasetFailure("photos have 1 or 3 channels") {
            _ = try specification.open(.heldOut, extents: ImageExtents(channels: 2, height: 2, width: 2))
        }
        checkDatasetFailure("of memory, and there are") {
            _ = try specification.open(.heldOut, extents: ImageExtents(channels: 3, height: 1 << 22, width: 1 << 22))
        }
        try folder.write(Data([0xff, 0xd8, 0xff]), to: "train/b/broken.jpg")
        checkDatasetFailure("train/b/broken.jpg: the JPEG data cannot be decoded") { _ = try specification.open(.training) }
        try folder.write(Image(width: 1, height: 1, channels: 1).encodedPNG(), to: "val/c/1.png")
        checkDatasetFailure("val/c: the class is not among those of") { _ = try specification.open(.heldOut) }
        checkDatasetFailure("lay it out as train/CLASS/*.jpg") { _ = try DatasetSpecification.folder("/tmp/none").open(.training) }
    }

    /// As torchvision's ImageFolder, pictures of a class may lie in folders of their own.
    @Test func readsFoldersWithinClasses() throws {
        for (name, value) in [
            ("train/a/y/2.png", 10), ("train/a/y/z/1.png", 20), ("train/a/9.png", 30), ("train/a/x/3.png", 40), ("train/b/1.png", 50),
        ]
            as [(String, UInt8)]
        {
            try folder.write(Image(width: 1, height: 1, channels: 1, filledWith: value).encodedPNG(), to: name)
        }
        let dataset = try DatasetSpecification.folder(folder.path).open(.training)
        #expect(dataset.pixels == [30, 40, 10, 20, 50] && dataset.labels == [0, 0, 0, 0, 1])
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/train/b/loop", withDestinationPath: "..")
        checkDatasetFailure("the folders are more than 16 deep; remove links that lead back") {
            _ = try DatasetSpecification.folder(folder.path).open(.training)
        }
    }

    /// A folder that a few links lead to is read through each; links of links are as many as all their ways, and end with an error.
    @Test func followsLinksToFolders() throws {
        try folder.write(Image(width: 1, height: 1, channels: 1, filledWith: 9).encodedPNG(), to: "shared/1.png")
        try folder.write(Image(width: 1, height: 1, channels: 1, filledWith: 8).encodedPNG(), to: "train/a/0.png")
        func link(_ name: String, to other: String) throws {
            try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: "\(folder.path)/\(other)")
        }
        try link("train/a/x", to: "shared")
        try link("train/a/y", to: "shared")
        let specification = DatasetSpecification.folder(folder.path)
        #expect(try specification.open(.training).pixels == [8, 9, 9])
        for level in 0..<12 {
            try FileManager.default.createDirectory(atPath: "\(folder.path)/level\(level)", withIntermediateDirectories: true)
        }
        for level in 0..<11 {
            for name in ["a", "b", "c", "d", "e", "f"] { try link("level\(level)/\(name)", to: "level\(level + 1)") }
        }
        try link("train/a/z", to: "level0")
        checkDatasetFailure("links lead to this folder more than 16 times; remove links that lead to the same folder") {
            _ = try specification.open(.training)
        }
    }

    /// What cannot be read is told of, not passed over: links that lead nowhere, and names that are no text.
    @Test func passesNothingOver() throws {
        try folder.write(Image(width: 1, height: 1, channels: 1).encodedPNG(), to: "train/a/1.png")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/train/a/2.png", withDestinationPath: "absent.png")
        let specification = DatasetSpecification.folder(folder.path)
        checkDatasetFailure("train/a/2.png: there is no such file; check the path, or leave it out with --skip-broken") {
            _ = try specification.open(.training)
        }
        let path = "\(folder.path)/train/ä".unicodeScalars.map { $0 == "ä" ? CChar(bitPattern: 0xe4) : CChar($0.value) } + [0]
        #expect(mkdir(path, 0o755) == 0)
        checkDatasetFailure("in the folder is not UTF-8; rename it") { _ = try specification.open(.training) }
        rmdir(path)
    }

    @Test func preparesPictures() throws {
        let image = Image(width: 9, height: 20, channels: 3, pixels: (0..<540).map { UInt8(truncatingIfNeeded: $0 * $0) })
        for part in ["train", "val"] { try folder.write(image.encodedPNG(), to: "\(part)/a/1.png") }
        let preparation = PicturePreparation(resize: .shorterSide(8), interpolation: .bicubic)
        let extents = ImageExtents(channels: 3, height: 6, width: 5)
        for part in [Dataset.Part.training, .heldOut] {
            let dataset = try DatasetSpecification.folder(folder.path).open(part, extents: extents, preparation: preparation)
            #expect(dataset.image(0) == image.prepared(preparation, channels: 3, height: 6, width: 5))
        }
    }

    /// Data sets with a size of their own are resized where the preparation says so, and only there.
    @Test func preparesPicturesOfOneSize() throws {
        try writeMNIST(images: [3, 4, 5], labels: [7, 0, 9])
        let specification = DatasetSpecification.mnist(folder: folder.path)
        let own = try specification.open(.heldOut)
        let extents = ImageExtents(channels: 1, height: 7, width: 6)
        let preparation = PicturePreparation(resize: .shorterSide(8))
        let dataset = try specification.open(.heldOut, extents: extents, preparation: preparation)
        #expect(dataset.extents == extents && dataset.labels == own.labels && dataset.classNames == own.classNames)
        for index in 0..<3 {
            #expect(dataset.image(index) == own.image(index).prepared(preparation, channels: 1, height: 7, width: 6))
        }
        checkDatasetFailure("the held-out pictures have 1 x 4 x 5 values") {
            _ = try specification.open(.heldOut, extents: extents, preparation: PicturePreparation(interpolation: .bicubic))
        }
    }

    @Test func separatesChannels() throws {
        let image = Image(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5, 6])
        try folder.write(image.encodedPNG(), to: "train/a/1.png")
        let dataset = try DatasetSpecification.folder(folder.path).open(.training)
        #expect(dataset.pixels == [1, 4, 2, 5, 3, 6])
        #expect(dataset.image(0) == image)
    }

    @Test func normalizes() throws {
        let dataset = Dataset(
            name: "test", isSynthetic: true, classNames: ["a"], extents: ImageExtents(channels: 2, height: 1, width: 2),
            pixels: [0, 255, 7, 7, 255, 0, 7, 7], labels: [0, 0])
        let normalization = PixelNormalization(of: dataset)
        #expect(normalization == PixelNormalization(mean: [0.5, 7 / 255], deviation: [0.5, 1 / 255]))
        #expect(normalization.table[0] == -1 && normalization.table[255] == 1 && normalization.table[256 + 7] == 0)
    }

    @Test(.enabled(if: RealData.isPresent, RealData.whyNot)) func readsTheRealData() throws {
        let mnist = try DatasetSpecification(parsing: "mnist:\(RealData.path)/mnist").open(.heldOut)
        #expect(mnist.count == 10000 && Array(mnist.labels.prefix(5)) == [7, 2, 1, 0, 4])
        let normalization = PixelNormalization(of: mnist)
        #expect(abs(normalization.mean[0] - 0.1325) < 5e-5 && abs(normalization.deviation[0] - 0.3105) < 5e-5)
        let extents = ImageExtents(channels: 3, height: 32, width: 32)
        let photos = try DatasetSpecification.folder("\(RealData.path)/photos/sign-digits").open(.heldOut, extents: extents)
        #expect(photos.count == 200 && photos.classNames == (0..<10).map(String.init) && photos.extents == extents)
    }
}
