import { Column, Entity, PrimaryColumn } from 'typeorm'
import { wholeNumber } from './whole-number.js'

// Column types are spelled out: nothing here depends on emitted decorator metadata.
@Entity({ name: 'checkpoints' })
export class CheckpointEntity {
  @PrimaryColumn({ type: 'text' }) run!: string
  @PrimaryColumn({ type: 'bigint', transformer: wholeNumber }) step!: number
  @PrimaryColumn({ type: 'integer' }) attempt!: number
  @Column({ type: 'text', nullable: true }) uri!: string | null
  @Column({ type: 'text' }) state!: string
}
