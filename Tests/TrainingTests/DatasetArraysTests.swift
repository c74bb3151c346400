import Foundation
import Graph
import Interchange
import Testing
import Training

@Suite struct DatasetArraysTests {
    private let folder = DatasetTestFolder()

    private func write(_ arrays: [String: HostTensor]) throws {
        for (name, tensor) in arrays { try folder.write(NumPy.encode(tensor), to: "\(name).npy") }
    }

    private func open(_ part: Dataset.Part = .training, extents: ImageExtents? = nil) throws -> Dataset {
        try DatasetSpecification(parsing: "numpy:\(folder.path)").open(part, extents: extents)
    }

    private func u8(_ shape: [Int]) -> HostTensor {
        HostTensor(element: .u8, shape: shape, bytes: (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: $0 * 5) })
    }

    @Test(arguments: [
        ("x_train", "y_train", "x_test", "y_test"), ("X_train", "y_train", "X_val", "y_val"),
        ("train_images", "train_labels", "val_images", "val_labels"), ("images_train", "labels_train", "images_test", "labels_test"),
        ("train_x", "train_y", "valid_x", "valid_y"), ("train_data", "train_labels", "test_data", "test_labels"),
        ("images", "labels", "x_test", "y_test"),
        ("x", "y", "test_x", "test_y"), ("arr_0", "arr_1", "x_test", "y_test"),
    ])
    func findsArrays(images: String, labels: String, otherImages: String, otherLabels: String) throws {
        try write([
            images: u8([2, 3, 4]), labels: HostTensor(shape: [2], int64s: [1, 0]), otherImages: u8([1, 3, 4]),
            otherLabels: HostTensor(shape: [1, 1], int32s: [5]),
        ])
        let training = try open()
        #expect(training.labels == [1, 0] && training.pixels == u8([2, 3, 4]).bytes && training.classNames == (0...5).map(String.init))
        #expect(training.extents == ImageExtents(channels: 1, height: 3, width: 4))
        #expect(try open(.heldOut).labels == [5])
    }

    @Test func readsArchives() throws {
        // numpy.savez_compressed of x_train u8 [2, 2, 2, 3] = 0, 10 … 230 and y_train = 1, 0.
        let text = """
            UEsDBC0AAAAIAAAAIQDJy06X//////////8LABQAeF90cmFpbi5ucHkBABAAmAAAAAAAAABhAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqiuo6Cell9U
            UpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6ChBkrKmjUKtABuBi4BKR0zCycQuISsmraOqZtmDVln0nLt15BgBQSwMELQAAAAgAAAAhAHH7Oav//////////wsA
            FAB5X3RyYWluLm5weQEAEACQAAAAAAAAAEgAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqa
            Ogq1ChQALkYGVAAAUEsBAi0DLQAAAAgAAAAhAMnLTpdhAAAAmAAAAAsAAAAAAAAAAAAAAIABAAAAAHhfdHJhaW4ubnB5UEsBAi0DLQAAAAgAAAAhAHH7OatIAAAA
            kAAAAAsAAAAAAAAAAAAAAIABngAAAHlfdHJhaW4ubnB5UEsFBgAAAAACAAIAcgAAACMBAAAAAA==
            """
        try folder.write(Data(base64Encoded: text, options: .ignoreUnknownCharacters) ?? Data(), to: "data.npz")
        let dataset = try DatasetSpecification(parsing: "numpy:\(folder.path)/data.npz").open(.training)
        #expect(dataset.extents == ImageExtents(channels: 3, height: 2, width: 2) && dataset.labels == [1, 0])
        #expect(dataset.pixels.prefix(12) == [0, 30, 60, 90, 10, 40, 70, 100, 20, 50, 80, 110])
        #expect(dataset.image(1)[1, 0, 2] == 170)
        checkDatasetFailure("write numpy:") { _ = try DatasetSpecification(parsing: "\(folder.path)/data.npz") }
        checkDatasetFailure("there are no arrays x_test and y_test, but x_train, y_train") {
            _ = try DatasetSpecification.numpy("\(folder.path)/data.npz").open(.heldOut)
        }
    }

    @Test func readsBothOrdersOfAxes() throws {
        let labels = HostTensor(element: .u8, shape: [1], bytes: [0])
        for (shape, extents) in [
            ([1, 4, 5, 3], [3, 4, 5]), ([1, 3, 4, 5], [3, 4, 5]), ([1, 4, 5, 1], [1, 4, 5]), ([1, 1, 4, 5], [1, 4, 5]),
            ([1, 3, 4, 3], [3, 3, 4]),
        ] {
            try write(["images": u8(shape), "labels": labels])
            let dataset = try open()
            #expect(dataset.extents == ImageExtents(channels: extents[0], height: extents[1], width: extents[2]))
            let isLast = shape[3] == extents[0]
            let place =
                isLast
                ? (2 * extents[2] + 1) * extents[0] + extents[0] - 1 : (extents[0] - 1) * extents[1] * extents[2] + 2 * extents[2] + 1
            #expect(dataset.image(0)[1, 2, extents[0] - 1] == UInt8(truncatingIfNeeded: place * 5), "\(shape)")
        }
        // What a network takes decides where both are possible.
        try write(["images": u8([1, 3, 4, 3]), "labels": labels])
        #expect(try open(extents: ImageExtents(channels: 3, height: 4, width: 3)).pixels == u8([1, 3, 4, 3]).bytes)
    }

    @Test func readsOtherTypes() throws {
        let labels = HostTensor(shape: [1], doubles: [2])
        for (images, pixels) in [
            (HostTensor(shape: [1, 2, 2], floats: [0, 0.5, 0.2, 1]), [0, 128, 51, 255]),
            (HostTensor(shape: [1, 2, 2], floats: [0, 1.4, 200.6, 255]), [0, 1, 201, 255]),
            (HostTensor(shape: [1, 2, 2], doubles: [0, 0, 1, 0]), [0, 0, 255, 0]),
            (HostTensor(shape: [1, 2, 2], int64s: [0, 1, 2, 255]), [0, 1, 2, 255]),
            (HostTensor(element: .bool, shape: [1, 2, 2], bytes: [0, 1, 2, 0]), [0, 255, 255, 0]),
        ] as [(HostTensor, [UInt8])] {
            try write(["images": images, "labels": labels])
            let dataset = try open()
            #expect(dataset.pixels == pixels && dataset.labels == [2] && dataset.classNames == ["0", "1", "2"])
        }
    }

    /// Labels are converted a piece at a time.
    @Test func readsManyLabels() throws {
        let count = 200_000
        let labels = (0..<count).map { Int64($0 % 1000) }
        let images = HostTensor(element: .u8, shape: [count, 1, 1], bytes: [UInt8](repeating: 0, count: count))
        try write(["images": images, "labels": HostTensor(shape: [count], int64s: labels)])
        #expect(try open().labels == labels.map { Int32($0) })
        var damaged = labels
        damaged[150_000] = 70_000
        try write(["images": images, "labels": HostTensor(shape: [count], int64s: damaged)])
        checkDatasetFailure("label 150000: 70000 is not a class from 0 to 65535") { _ = try open() }
    }

    @Test func refuses() throws {
        let labels = HostTensor(shape: [2], int64s: [0, 1])
        for (images, labels, message) in [
            (u8([3, 2, 2]), labels, "labels: there are 2 labels, but 3 pictures in images; save both of the same pictures"),
            (u8([2, 4]), labels, "images: the array is u8 [2, 4], not pictures"),
            (u8([2, 4, 4, 2]), labels, "of neither 1 nor 3 channels"),
            (u8([0, 4, 4]), HostTensor(shape: [0], int64s: []), "the array [0, 4, 4] holds no picture"),
            (u8([2, 0, 4]), labels, "holds no picture"),
            (u8([2, 1, 1, 1, 1]), labels, "not pictures"),
            (HostTensor(shape: [2, 1, 1], floats: [0, -0.5]), labels, "images, value 1: -0.5 is no pixel; save values from 0 to 255"),
            (HostTensor(shape: [2, 1, 1], floats: [.nan, 0]), labels, "value 0: nan is no pixel"),
            (HostTensor(shape: [2, 1, 1], floats: [0, .infinity]), labels, "value 1: inf is no pixel"),
            (HostTensor(shape: [2, 1, 1], int32s: [0, 256]), labels, "value 1: 256 is no pixel"),
            (HostTensor(element: .u64, shape: [2, 1, 1], bytes: [UInt8](repeating: 255, count: 16)), labels, "is no pixel"),
            (u8([2, 1, 1]), HostTensor(shape: [2], int64s: [0, -1]), "labels, label 1: -1 is not a class from 0 to 65535"),
            (u8([2, 1, 1]), HostTensor(shape: [2], int64s: [1 << 40, 0]), "label 0: 1099511627776 is not a class"),
            (u8([2, 1, 1]), HostTensor(shape: [2], floats: [0, 0.5]), "label 1: 0.5 is not a class"),
            (u8([2, 1, 1]), HostTensor(shape: [2], floats: [.nan, 0]), "label 0: nan is not a class"),
            (
                u8([2, 1, 1]), HostTensor(shape: [2, 2], int64s: [0, 1, 1, 0]),
                "not labels [N]; save the classes' numbers: labels.argmax(1)"
            ),
            (u8([2, 1, 1]), HostTensor(shape: [], int64s: [0]), "the array is i64 [], not labels [N]"),
        ] {
            try write(["images": images, "labels": labels])
            checkDatasetFailure(message) { _ = try open() }
        }
        // By their headers: labels that are none are not looked at where there are too many.
        try write(["images": u8([2, 4, 4]), "labels": HostTensor(shape: [3], floats: [.nan, .nan, .nan])])
        checkDatasetFailure("labels: there are 3 labels, but 2 pictures in images") { _ = try open() }
        try write(["images": u8([2, 4, 4]), "labels": labels])
        checkDatasetFailure("the training pictures have 1 x 4 x 4 values, but the network takes 3 x 4 x 4") {
            _ = try open(extents: ImageExtents(channels: 3, height: 4, width: 4))
        }
        try write(["x_test": u8([2, 4, 4])])
        checkDatasetFailure("there is 'x_test', but no 'y_test'; save the labels, too") { _ = try open(.heldOut) }
        let empty = DatasetTestFolder()
        checkDatasetFailure("there are no arrays x_train and y_train; save them: numpy.savez(") {
            _ = try DatasetSpecification.numpy(empty.path).open(.training)
        }
        try folder.write(Data("PK".utf8), to: "bad.npz")
        checkDatasetFailure("bad.npz, byte 0: this is not a ZIP archive") {
            _ = try DatasetSpecification.numpy("\(folder.path)/bad.npz").open(.training)
        }
    }
}
