import { Column, Entity, PrimaryColumn } from 'typeorm'

@Entity({ name: 'projects' })
export class ProjectEntity {
  @PrimaryColumn({ type: 'text' }) project!: string
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 }) createdAt!: Date
}
