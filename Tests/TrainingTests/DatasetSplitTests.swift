import Foundation
import Graph
import Interchange
import Testing
import Training

@Suite struct DatasetSplitTests {
    private let folder = DatasetTestFolder()

    private func options(_ share: Double, seed: UInt64 = 0) -> DatasetOptions {
        DatasetOptions(split: DatasetSplit(share: share, seed: seed))
    }

    /// Classes of 20, 5, 2 and 1 pictures, each of a value of its own.
    private func writeList() throws {
        var list = ""
        for (index, label) in ([Int](repeating: 0, count: 20) + [1, 1, 1, 1, 1, 2, 2, 3]).enumerated() {
            try folder.write(Image(width: 1, height: 1, channels: 1, filledWith: UInt8(index)).encodedPNG(), to: "\(index).png")
            list += "\(index).png,\(label)\n"
        }
        try folder.write(Data(list.utf8), to: "all.csv")
    }

    @Test func holdsOutAShareOfEveryClass() throws {
        try writeList()
        let specification = DatasetSpecification.csv("\(folder.path)/all.csv")
        #expect(!specification.hasHeldOutPart)
        let training = try specification.open(.training, options: options(0.1))
        let heldOut = try specification.open(.heldOut, options: options(0.1))
        // Both are in the order of the list, have all classes, and nothing in common.
        #expect(heldOut.labels == [0, 0, 1, 2] && training.labels.count == 24)
        #expect(heldOut.classNames == ["0", "1", "2", "3"] && training.classNames == heldOut.classNames)
        #expect((training.pixels + heldOut.pixels).sorted() == (0..<28).map { $0 })
        #expect(training.pixels == training.pixels.sorted() && heldOut.pixels == heldOut.pixels.sorted())
        // The same seed chooses the same ones, whatever the share is of the other classes; another seed others.
        #expect(try specification.open(.heldOut, options: options(0.1)).pixels == heldOut.pixels)
        #expect(try specification.open(.heldOut, options: options(0.1, seed: 1)).pixels != heldOut.pixels)
        #expect(Set(heldOut.pixels).isSubset(of: try specification.open(.heldOut, options: options(0.3)).pixels))
        #expect(try specification.open(.training, options: options(0.999)).labels == [0, 1, 2, 3])
        let counts = try [0.001, 0.25, 0.5].map { try specification.open(.heldOut, options: options($0)).count }
        #expect(counts == [3, 7, 14])
    }

    /// Every picture is held out by about as many seeds.
    @Test func choosesUniformly() throws {
        try writeList()
        var counts = [Int](repeating: 0, count: 28)
        let specification = DatasetSpecification.csv("\(folder.path)/all.csv")
        for seed in 0..<400 as Range<UInt64> {
            for value in try specification.open(.heldOut, options: options(0.2, seed: seed)).pixels { counts[Int(value)] += 1 }
        }
        #expect(counts[..<25].allSatisfy { (45...115).contains($0) }, "\(counts)")
        #expect(counts[25] + counts[26] == 400 && counts[25] > 150 && counts[25] < 250 && counts[27] == 0)
    }

    @Test func splitsEveryKind() throws {
        for name in ["a/1.png", "a/2.png", "b/1.png", "b/2.png", "b/3.png"] {
            try folder.write(Image(width: 1, height: 1, channels: 1).encodedPNG(), to: "photos/\(name)")
        }
        // Folders of classes, with nothing around them, are a training part.
        let photos = DatasetSpecification.folder("\(folder.path)/photos")
        #expect(try photos.open(.training).labels == [0, 0, 1, 1, 1])
        #expect(try photos.open(.heldOut, options: options(0.3)).labels == [0, 1])
        checkDatasetFailure("there is no folder val in it; lay it out as val/CLASS/*.jpg, or hold out a share: --held-out 0.1") {
            _ = try photos.open(.heldOut)
        }
        for name in ["train/a/1.png", "valid/a/1.png", "test/a/1.png"] {
            try folder.write(Image(width: 1, height: 1, channels: 1).encodedPNG(), to: "parts/\(name)")
        }
        let parts = DatasetSpecification.folder("\(folder.path)/parts")
        #expect(try parts.open(.heldOut).count == 1)
        try folder.write(Image(width: 1, height: 1, channels: 1).encodedPNG(), to: "parts/val/a/1.png")
        checkDatasetFailure("there are folders val and valid in it; keep one of them") { _ = try parts.open(.heldOut) }
        let images = HostTensor(element: .u8, shape: [4, 1, 1], bytes: [1, 2, 3, 4]), labels = HostTensor(shape: [4], int64s: [0, 1, 0, 1])
        try folder.write(NumPy.encode(images), to: "arrays/x_train.npy")
        try folder.write(NumPy.encode(labels), to: "arrays/y_train.npy")
        let arrays = DatasetSpecification.numpy("\(folder.path)/arrays")
        checkDatasetFailure("or hold out a share: --held-out 0.1") { _ = try arrays.open(.heldOut) }
        #expect(try arrays.open(.heldOut, options: options(0.5)).labels.sorted() == [0, 1])
        try folder.write(IDX.encode(images), to: "idx/train-images-idx3-ubyte")
        try folder.write(IDX.encode(HostTensor(element: .u8, shape: [4], bytes: [0, 1, 0, 1])), to: "idx/train-labels-idx1-ubyte")
        let idx = DatasetSpecification.mnist(folder: "\(folder.path)/idx")
        #expect(try idx.open(.training, options: options(0.5)).count == 2)
        checkDatasetFailure("there is no t10k-images-idx3-ubyte.gz in the folder; add it, or hold out a share") {
            _ = try idx.open(.heldOut)
        }
        let record = [UInt8](repeating: 1, count: 3073)
        try folder.write(record + record, to: "cifar/data_batch_1.bin")
        let cifar = DatasetSpecification.cifar(folder: "\(folder.path)/cifar")
        #expect(try cifar.open(.heldOut, options: options(0.1)).labels == [1])
        checkDatasetFailure("or hold out a share: --held-out 0.1") { _ = try cifar.open(.heldOut) }
    }

    @Test func refuses() throws {
        let specification = DatasetSpecification.digits
        #expect(specification.hasHeldOutPart)
        checkDatasetFailure("builtin:digits: the data have a held-out part already; leave out --held-out") {
            _ = try specification.open(.training, options: options(0.1))
        }
        for name in ["train/a/1.png", "val/a/2.png"] { try folder.write(Image(width: 1, height: 1, channels: 1).encodedPNG(), to: name) }
        let photos = DatasetSpecification.folder(folder.path)
        checkDatasetFailure("the data have a held-out part already") { _ = try photos.open(.training, options: options(0.1)) }
        try FileManager.default.removeItem(atPath: "\(folder.path)/val")
        checkDatasetFailure("no picture can be held out, for no class has two") { _ = try photos.open(.training, options: options(0.1)) }
    }

    /// Labels mean what they meant in training, by name, whatever classes are there.
    @Test func knowsClassesByName() throws {
        for name in ["val/dog/1.png", "val/cat/1.png"] { try folder.write(Image(width: 1, height: 1, channels: 1).encodedPNG(), to: name) }
        let photos = DatasetSpecification.folder(folder.path)
        let known = DatasetOptions(classNames: ["ant", "cat", "cow", "dog"])
        let dataset = try photos.open(.heldOut, options: known)
        #expect(dataset.labels == [1, 3] && dataset.classNames == known.classNames)
        checkDatasetFailure("val/dog: the class is not among those that were trained; use one of ant, cat") {
            _ = try photos.open(.heldOut, options: DatasetOptions(classNames: ["ant", "cat"]))
        }
        try folder.write(Data("val/dog/1.png,dog\nval/cat/1.png,cat\n".utf8), to: "val.csv")
        #expect(try DatasetSpecification.csv(folder.path).open(.heldOut, options: known).labels == [3, 1])
        try folder.write(Data("val/dog/1.png,3\nval/cat/1.png,0\n".utf8), to: "val.csv")
        let numbered = try DatasetSpecification.csv(folder.path).open(.heldOut, options: known)
        #expect(numbered.labels == [3, 0] && numbered.classNames == known.classNames)
        try folder.write(Data("val/dog/1.png,4\n".utf8), to: "val.csv")
        checkDatasetFailure("4 is not a class from 0 to 3") { _ = try DatasetSpecification.csv(folder.path).open(.heldOut, options: known) }
        // Data that only number their classes take the names.
        let digits = try DatasetSpecification.digits.open(.heldOut, options: DatasetOptions(classNames: (0..<12).map { "digit \($0)" }))
        #expect(digits.classNames.count == 12 && digits.classNames[3] == "digit 3" && digits.labels[13] == 3)
    }
}
