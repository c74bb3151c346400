import Recipes

/// What batches tell of pictures beside their classes.
extension BatchMaker {
    /// Fills in what the targets take of one picture, which was made just now: numbers, and the classes of its pixels where they are now.
    func fillTruth(_ sample: Int, _ picture: borrowing AugmentedPicture, _ place: Int, _ buffers: BatchBuffers) {
        if numberCount > 0 {
            let row = UnsafeMutableBufferPointer(rebasing: buffers.numbers[place * numberCount..<(place + 1) * numberCount])
            row.update(repeating: 0)
            if case .numbers(let values, let columns)? = dataset.truth {
                for column in columns.indices { row[column] = values[sample * columns.count + column] }
            } else {
                row[Int(dataset.labels[sample])] = 1
            }
        }
        if mapCount > 0, case .labelMaps(let values, let height, let width)? = dataset.truth, let maps = buffers.maps.baseAddress {
            values.withUnsafeBufferPointer { values in
                let labels = UnsafeBufferPointer(rebasing: values[sample * height * width..<(sample + 1) * height * width])
                picture.moveLabels(labels, outside: options.outsideLabel, into: maps + place * mapCount)
            }
        }
    }

    /// Makes what a network reads that enlarges pictures: each of its pixels is the mean of a square.
    func reduce(_ count: Int, _ buffers: BatchBuffers) {
        let (factor, extents) = (options.reduction, dataset.extents)
        let (height, width) = (extents.height / factor, extents.width / factor)
        let scale = 1 / Float(factor * factor)
        for plane in 0..<count * extents.channels {
            for row in 0..<height {
                for column in 0..<width {
                    var sum: Float = 0
                    for inner in 0..<factor {
                        let start = (plane * extents.height + row * factor + inner) * extents.width + column * factor
                        for offset in 0..<factor { sum += buffers.originals[start + offset] }
                    }
                    buffers.images[(plane * height + row) * width + column] = sum * scale
                }
            }
        }
    }
}
