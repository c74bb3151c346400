import Foundation
import Interchange
import Testing
import Training

@Suite struct DatasetCIFARTests {
    private let folder = DatasetTestFolder()

    /// Records whose pixels are the record's number in red, that plus 100 in green, and 200 in blue but for the last pixel.
    private func records(_ labels: [[UInt8]], from first: UInt8 = 0) -> [UInt8] {
        labels.enumerated().flatMap { index, label in
            let number = first + UInt8(index)
            var pixels = [UInt8](repeating: number, count: 1024) + [UInt8](repeating: number + 100, count: 1024)
            pixels += [UInt8](repeating: 200, count: 1023) + [7]
            return label + pixels
        }
    }

    @Test func readsCIFAR10() throws {
        try folder.write(records([[3], [9]]), to: "cifar-10-batches-bin/data_batch_2.bin")
        try folder.write(records([[1]], from: 50), to: "cifar-10-batches-bin/data_batch_10.bin")
        try folder.write(records([[0], [4]], from: 20), to: "cifar-10-batches-bin/test_batch.bin")
        let names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
        try folder.write(Data((names.joined(separator: "\r\n") + "\n\n").utf8), to: "cifar-10-batches-bin/batches.meta.txt")
        // The folder of the archive and the one around it are the same data.
        for path in [folder.path, folder.path + "/cifar-10-batches-bin"] {
            let specification = try DatasetSpecification(parsing: "cifar:\(path)")
            let training = try specification.open(.training)
            #expect(training.labels == [3, 9, 1] && training.classNames == names)
            #expect(training.extents == ImageExtents(channels: 3, height: 32, width: 32))
            let last = training.image(2)
            #expect((last[0, 0, 0], last[31, 0, 1], last[30, 31, 2], last[31, 31, 2]) == (50, 150, 200, 7))
            #expect(try specification.open(.heldOut).labels == [0, 4])
            #expect(try specification.open(.heldOut).image(1)[5, 6, 0] == 21)
        }
        checkDatasetFailure("write cifar:") { _ = try DatasetSpecification(parsing: folder.path) }
    }

    @Test func readsCIFAR100() throws {
        try folder.write(records([[19, 99], [0, 7]]), to: "train.bin")
        let specification = DatasetSpecification.cifar(folder: folder.path)
        let training = try specification.open(.training)
        #expect(training.labels == [99, 7] && training.classNames == (0..<100).map(String.init))
        #expect(training.image(1)[3, 3, 1] == 101)
        checkDatasetFailure("there is no test_batch.bin or test.bin in the folder; unpack the whole archive") {
            _ = try specification.open(.heldOut)
        }
        try folder.write(Data("apple\nbee\n".utf8), to: "fine_label_names.txt")
        checkDatasetFailure("fine_label_names.txt: the file holds 2 names for 100 classes") { _ = try specification.open(.training) }
    }

    @Test func refusesDamage() throws {
        let specification = DatasetSpecification.cifar(folder: folder.path)
        checkDatasetFailure("there is no data_batch_1.bin (CIFAR-10) or train.bin (CIFAR-100); take the binary version") {
            _ = try specification.open(.training)
        }
        checkDatasetFailure("the folder cannot be read") { _ = try DatasetSpecification.cifar(folder: "/tmp/none").open(.training) }
        try folder.write(records([[1], [2]]).dropLast(), to: "data_batch_1.bin")
        checkDatasetFailure("data_batch_1.bin: the file has 6145 bytes, which are no records of 3073 bytes, as CIFAR-10 has them") {
            _ = try specification.open(.training)
        }
        try folder.write(Data(), to: "data_batch_1.bin")
        checkDatasetFailure("the file has 0 bytes") { _ = try specification.open(.training) }
        // A file of terabytes that takes no room on the disk.
        let path = "\(folder.path)/data_batch_2.bin"
        try folder.write(Data(), to: "data_batch_2.bin")
        if truncate(path, 3073 << 31) == 0 {
            try folder.write(records([[1]]), to: "data_batch_1.bin")
            checkDatasetFailure("more than the 4294967296 allowed here") { _ = try specification.open(.training) }
        }
        try FileManager.default.removeItem(atPath: path)
        try folder.write(records([[1], [10]]), to: "data_batch_1.bin")
        checkDatasetFailure("data_batch_1.bin, byte 3073: 10 is not one of the 10 classes of CIFAR-10") {
            _ = try specification.open(.training)
        }
        try folder.write(records([[1, 1]]), to: "train.bin")
        checkDatasetFailure("there are several data sets in the folder: CIFAR-10, CIFAR-100") { _ = try specification.open(.training) }
        let pickles = DatasetTestFolder()
        try pickles.write(Data([0x80]), to: "data_batch_1")
        checkDatasetFailure("these are CIFAR's files for Python; take the binary version") {
            _ = try DatasetSpecification.cifar(folder: pickles.path).open(.training)
        }
    }
}
