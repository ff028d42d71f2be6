"""Train as Keras' MNIST example does, and judge by rows held out: pandas and Keras on JAX.

https://keras.io/examples/vision/mnist_convnet/, except that the digits come from a CSV and that the
rows held out are the validation set. After each epoch, prints its number and the accuracy.
"""

import os
import sys

import pandas as pd

os.environ["KERAS_BACKEND"] = "jax"
import keras
from keras import layers


def main(train: str, held_out: int, seed: int) -> None:
    """Train on all rows but the last, and judge by those."""
    keras.utils.set_random_seed(seed)
    frame = pd.read_csv(train, dtype="uint8")
    x = frame.iloc[:, 1:].to_numpy("float32").reshape(-1, 28, 28, 1) / 255
    y = keras.utils.to_categorical(frame["label"], 10)
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(
        x[:-held_out],
        y[:-held_out],
        batch_size=128,
        epochs=15,
        validation_data=(x[-held_out:], y[-held_out:]),
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: print(epoch + 1, logs["val_accuracy"], flush=True)
            )
        ],
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
