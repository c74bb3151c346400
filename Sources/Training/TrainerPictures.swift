import Interchange

extension Trainer {
    /// A sheet of the first pictures of the first epoch, as the training meets them: prepared, augmented, in its order.
    func pictures(count: Int) throws(InterchangeError) -> Image {
        let data = maker.dataset
        let loader = Loader(maker, epochs: 1, buffers: 1, threads: 1)
        guard let batch = loader.next() else { preconditionFailure("a training has a batch") }
        let shown = min(count, batch.count)
        var sheet = try PictureSheet(data.extents, count: shown, columns: 8, name: data.name)
        let size = data.extents.count
        for place in 0..<shown {
            let values = UnsafeBufferPointer(rebasing: batch.images[place * size..<(place + 1) * size])
            sheet.draw(
                normalization.image(values, data.extents), label: data.classNames[Int(batch.labels[place])], at: place)
        }
        return withExtendedLifetime(loader) { sheet.image }
    }
}
