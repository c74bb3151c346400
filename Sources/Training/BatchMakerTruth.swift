import Recipes

/// What batches tell of pictures beside their classes.
extension BatchMaker {
    /// Fills in what the targets take of one picture, which was made just now: numbers, and the classes of its pixels where they are now.
    func fillTruth(_ sample: Int, _ picture: borrowing AugmentedPicture, _ place: Int, _ buffers: BatchBuffers) {
        // The number of a pair follows from both of its pictures.
        if numberCount > 0, options.tuple == .single {
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
            if let planes = buffers.classMaps.baseAddress {
                let own = planes + place * mapClassCount * mapCount
                own.update(repeating: 0, count: mapClassCount * mapCount)
                // A label that the loss ignores is of no class.
                for pixel in 0..<mapCount {
                    let label = Int(maps[place * mapCount + pixel])
                    if label < mapClassCount { own[label * mapCount + pixel] = 1 }
                }
            }
        }
    }

    /// Makes what a network compares with one picture, and says of a pair whether both are of the same class.
    func fillPartners(
        _ sample: Int, _ picture: inout AugmentedPicture, _ pixels: UnsafePointer<UInt8>, _ place: Int, _ epoch: Int,
        _ buffers: BatchBuffers
    ) {
        guard let sampler else { return }
        let size = dataset.extents.count
        for (role, partner) in sampler.partners(of: sample, seed: options.seed, epoch: epoch).enumerated() {
            let (images, labels) = buffers.partners[role]
            labels[place] = dataset.labels[partner.sample]
            guard let images = images.baseAddress else { continue }
            // Random numbers of its own: a picture may be the partner of several in an epoch, or of itself.
            make(
                &picture, from: pixels + partner.sample * size, epoch, sample + (role + 1) * dataset.count, into: images + place * size)
            if options.tuple == .pair, !buffers.numbers.isEmpty { buffers.numbers[place] = partner.isSame ? 1 : 0 }
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
